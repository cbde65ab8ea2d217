/**
 * Steers the datagrams of one port to the worker that has their transport: by ufrag, then by address.
 * Knows ufrags, addresses and slots of workers, and nothing of rooms. docs/shared-port.md explains it.
 */
import { readFileSync } from 'node:fs';
import { readBpfObject } from './bpf-object.ts';
import { explainCopying, explainLoading, explainUsing } from './missing-privilege.ts';
import { SteeredTransport } from './steered-transport.ts';
import { SteeringGroup } from './steering-group.ts';
import { SteeringTables } from './steering-tables.ts';

export class Steering {
  /** One for each address, in the order given. */
  readonly groups: readonly SteeringGroup[];
  readonly tables: SteeringTables;

  private constructor(tables: SteeringTables, groups: SteeringGroup[]) {
    this.tables = tables;
    this.groups = groups;
  }

  /**
   * Makes the tables and loads the program for each address, which takes CAP_BPF. Afterwards neither
   * that nor root is needed: the process may become another user before it calls open().
   *
   * @param listen - where the workers will listen; all at one port
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
   * @throws StartError when the process has given up more rights than this kernel allows
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
   * Gives a worker, new or started again, its slot at every address.
   *
   * @param slot - 0 to 255
   * @param pid - a child of ours that listens at every address
   * @throws StartError when its sockets may not be copied
   * @throws SystemCallError
   */
  async addWorker(slot: number, pid: number): Promise<void> {
    try {
      for (const group of this.groups) {
        await group.addWorker(slot, pid);
      }
    } catch (error) {
      throw explainCopying(error);
    }
  }

  /**
   * Steers to a new transport.
   *
   * @param slot - its worker's
   * @param ufrag - its ICE username fragment, which nobody has been told yet
   * @throws NoPortError when the tables are full
   */
  addTransport(slot: number, ufrag: string): SteeredTransport {
    return new SteeredTransport(this.tables, slot, ufrag);
  }

  close(): void {
    for (const group of this.groups) {
      group.close();
    }
    this.tables.close();
  }
}
