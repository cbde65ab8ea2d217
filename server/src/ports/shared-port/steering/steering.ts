/**
 * Steers the datagrams of one port to the worker of their transport: by ufrag, then by remote address.
 * Knows ufrags, addresses and worker indices, and nothing of rooms. docs/shared-port.md explains it.
 */
import { readFileSync } from 'node:fs';
import { readBpfObject } from './bpf-object.ts';
import { explainCopying, explainLoading, explainUsing } from './missing-privilege.ts';
import { SteeredTransport } from './steered-transport.ts';
import { SteeringGroup } from './steering-group.ts';
import { SteeringTables } from './steering-tables.ts';

export class Steering {
  /** One for each listening address, in their order. */
  readonly groups: readonly SteeringGroup[];
  readonly tables: SteeringTables;

  private constructor(tables: SteeringTables, groups: SteeringGroup[]) {
    this.tables = tables;
    this.groups = groups;
  }

  /**
   * Creates the tables and loads the program for each address, which takes CAP_BPF. Later calls take
   * neither CAP_BPF nor root, so the process may change its user before open().
   *
   * @param listen - the workers' addresses, all with the same port
   * @throws StartError that says what is missing and how to get it
   */
  static load(listen: { ip: string; port: number }[]): Steering {
    const object = readBpfObject(
      readFileSync(new URL('steer.bpf.o', import.meta.url)),
      'sk_reuseport',
    );
    let tables: SteeringTables | undefined;
    const groups: SteeringGroup[] = [];
    try {
      tables = new SteeringTables(object);
      for (const one of listen) {
        groups.push(new SteeringGroup(one, object, tables.fds));
      }
      return new Steering(tables, groups);
    } catch (error) {
      for (const group of groups) {
        group.close();
      }
      tables?.close();
      throw explainLoading(error, listen[0]?.port ?? 0);
    }
  }

  /**
   * Binds the port at every address.
   *
   * @throws StartError when this kernel requires CAP_BPF and the process has given it up
   * @throws SystemCallError
   */
  open(): void {
    for (const group of this.groups) {
      try {
        group.open();
        group.counters();
      } catch (error) {
        throw explainUsing(error);
      }
    }
  }

  /**
   * Adds a spawned or respawned worker.
   *
   * @param workerIndex - 0 to 255
   * @param pid - a child of this process
   * @param ips - the addresses at which it listens
   * @throws StartError when its sockets may not be copied
   * @throws SystemCallError
   */
  async addWorker(
    workerIndex: number,
    pid: number,
    ips = this.groups.map(({ ip }) => ip),
  ): Promise<void> {
    try {
      for (const group of this.groups.filter(({ ip }) => ips.includes(ip))) {
        await group.addWorker(workerIndex, pid);
      }
    } catch (error) {
      throw explainCopying(error);
    }
  }

  /**
   * Adds a transport.
   *
   * @param ufrag - its ICE username fragment, which no client has been given yet
   * @throws NoPortError when the tables are full
   */
  addTransport(workerIndex: number, ufrag: string): SteeredTransport {
    return new SteeredTransport(this.tables, workerIndex, ufrag);
  }

  close(): void {
    for (const group of this.groups) {
      group.close();
    }
    this.tables.close();
  }
}
