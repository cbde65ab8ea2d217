import { setTimeout as sleep } from 'node:timers/promises';
import { ipBytes } from '../../../net/ip.ts';
import { SystemCallError } from '../../../net/libc.ts';
import {
  createMaps,
  definitionOf,
  deleteElement,
  keysOf,
  loadProgram,
  lookupElement,
  sumPerCpu,
  updateElement,
} from './bpf.ts';
import { type BpfObject, linkInstructions } from './bpf-object.ts';
import {
  counterNames,
  ownerBytes,
  ownerValue,
  placeholderSlot,
  type Remote,
  readOwner,
  readRemote,
  remoteKey,
  type SteeringCounters,
  type TupleOwner,
  uint32,
  uint64,
  verifiedKey,
} from './layout.ts';
import { attachProgram, bindToGroup, close, discardAll } from './system-calls.ts';
import { copyUdpSocket } from './worker-socket.ts';

const mapNames = ['tuples', 'verified', 'sockets', 'counters'] as const;

/** How long the kernel may take to release a socket that was in another array. */
const busy = { attempts: 20, pauseMs: 10 };

/**
 * The SO_REUSEPORT group of one address and port: a socket for each worker, and the program that
 * selects among them. Tuples belong to a group, because behind some NATs two peers have the same
 * remote address towards two of the server's addresses (RFC 4787, 4.1: address-dependent mapping).
 */
export class SteeringGroup {
  readonly ip: string;
  readonly port: number;
  readonly #object: BpfObject;
  readonly #maps: Record<(typeof mapNames)[number], number>;
  readonly #program: number;
  #placeholder: number | undefined;

  /**
   * Loads the program, which takes CAP_BPF. Binds nothing yet.
   *
   * @param listen - the workers' address: `ip` as it is bound, `port` from 1 to 65535
   * @param shared - the file descriptors of the maps that all groups share
   * @throws SystemCallError
   */
  constructor(
    { ip, port }: { ip: string; port: number },
    object: BpfObject,
    shared: Record<'ufrags' | 'transports', number>,
  ) {
    this.ip = ip;
    this.port = port;
    this.#object = object;
    this.#maps = createMaps(object, mapNames);
    try {
      const instructions = linkInstructions(object, { ...shared, ...this.#maps });
      this.#program = loadProgram('oneport_steer', instructions, object.license);
    } catch (error) {
      for (const fd of Object.values(this.#maps)) {
        close(fd);
      }
      throw error;
    }
  }

  /**
   * Binds the placeholder socket. It keeps the port and the program while no worker is running, and
   * discards the datagrams that no worker gets.
   *
   * @throws SystemCallError when another program has bound the port
   */
  open(): void {
    this.#placeholder = bindToGroup(ipBytes(this.ip), this.port);
    discardAll(this.#placeholder);
    updateElement(this.#maps.sockets, uint32(placeholderSlot), uint64(this.#placeholder));
    attachProgram(this.#placeholder, this.#program);
  }

  /**
   * Puts a worker's socket into its slot: from now on it receives the datagrams of its transports.
   *
   * @param workerIndex - 0 to 255, which is the slot too
   * @param pid - the worker's, which has a socket in the group
   * @throws SystemCallError when the socket cannot be copied
   */
  async addWorker(workerIndex: number, pid: number): Promise<void> {
    const socket = await copyUdpSocket(pid, this.ip, this.port);
    try {
      for (let attempt = 1; ; attempt++) {
        try {
          updateElement(this.#maps.sockets, uint32(workerIndex), uint64(socket));
          return;
        } catch (error) {
          const isBusy = error instanceof SystemCallError && error.code === 'EBUSY';
          if (!isBusy || attempt === busy.attempts) {
            throw error;
          }
          await sleep(busy.pauseMs);
        }
      }
    } finally {
      close(socket);
    }
  }

  /**
   * Makes a transport the owner of a remote address that a worker has verified.
   *
   * @param transport - keeps the address as long as it sends Binding Requests from there
   * @param requestedAt - the time of the last one, of `process.hrtime`, in nanoseconds
   * @throws SystemCallError
   */
  setVerifiedOwner(remote: Remote, transport: number, requestedAt = process.hrtime.bigint()): void {
    updateElement(this.#maps.verified, verifiedKey(remote, transport), uint32(1));
    const owner = this.#ownerOf(remote);
    if (owner?.transport === transport) {
      return;
    }
    const value = ownerValue({ transport, previous: owner?.transport ?? 0 }, requestedAt);
    updateElement(this.#maps.tuples, remoteKey(remote), value);
  }

  /**
   * Takes a verified remote address from a transport. If it owns the address, the previous owner has it back.
   *
   * @throws SystemCallError
   */
  dropTuple(remote: Remote, transport: number): void {
    this.removeVerified(remote, transport);
    const owner = this.#ownerOf(remote);
    if (owner?.transport !== transport) {
      return;
    }
    const key = remoteKey(remote);
    if (owner.previous === 0) {
      deleteElement(this.#maps.tuples, key);
    } else {
      const value = ownerValue({ transport: owner.previous, previous: 0 }, 0n);
      updateElement(this.#maps.tuples, key, value);
    }
  }

  /** Forgets that a remote address was verified for a transport. @throws SystemCallError */
  removeVerified(remote: Remote, transport: number): void {
    deleteElement(this.#maps.verified, verifiedKey(remote, transport));
  }

  /**
   * Reads all tuples from the kernel. Those of closed transports stay until the table is full.
   *
   * @throws SystemCallError
   */
  readTuplesForTesting(): { remote: Remote; owner: TupleOwner }[] {
    const keys = [...keysOf(this.#maps.tuples, definitionOf(this.#object, 'tuples'))];
    return keys.flatMap((key) => {
      const remote = readRemote(key);
      const owner = this.#ownerOf(remote);
      return owner ? [{ remote, owner }] : [];
    });
  }

  /** The number of addresses that are verified for a transport. @throws SystemCallError */
  countVerifiedForTesting(transport: number): number {
    const keys = [...keysOf(this.#maps.verified, definitionOf(this.#object, 'verified'))];
    return keys.filter((key) => key.equals(verifiedKey(readRemote(key), transport))).length;
  }

  /** @throws SystemCallError */
  counters(): SteeringCounters {
    const sums = sumPerCpu(this.#maps.counters, counterNames.length);
    return Object.fromEntries(counterNames.map((name, i) => [name, sums[i]])) as SteeringCounters;
  }

  close(): void {
    if (this.#placeholder !== undefined) {
      close(this.#placeholder);
    }
    close(this.#program);
    for (const fd of Object.values(this.#maps)) {
      close(fd);
    }
  }

  #ownerOf(remote: Remote): TupleOwner | undefined {
    const value = lookupElement(this.#maps.tuples, remoteKey(remote), ownerBytes);
    return value && readOwner(value);
  }
}
