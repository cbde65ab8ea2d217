import { setTimeout as sleep } from 'node:timers/promises';
import { ipBytes } from '../../../net/ip.ts';
import { SystemCallError } from '../../../net/libc.ts';
import { keysOf, loadProgram, lookupElement, updateElement } from './bpf.ts';
import { type BpfObject, linkInstructions } from './bpf-object.ts';
import { readCounters, type SteeringCounters } from './counters.ts';
import {
  ownerBytes,
  ownerValue,
  proofKey,
  readOwner,
  readRemote,
  remoteKey,
  type TupleOwner,
  uint32,
} from './keys.ts';
import { createMaps, definitionOf } from './maps.ts';
import { attachProgram, bindToGroup, close, receiveNothing } from './system-calls.ts';
import { copyUdpSocket } from './worker-socket.ts';

/** An address that a transport's peer sends from. */
export interface Remote {
  address: string;
  port: number;
}

/** Behind those of the workers, as in steer.bpf.c. */
const keeperSlot = 256;

/** How long the kernel may take to let go of a socket that was in another array. */
const busy = { attempts: 20, pauseMs: 10 };

/**
 * The sockets of one address and port, one for each worker, and the program that chooses among them.
 * Remote addresses are this group's own: behind some NATs two peers have the same one towards two of
 * our addresses (RFC 4787, 4.1: address-dependent mapping).
 */
export class SteeringGroup {
  readonly ip: string;
  readonly port: number;
  readonly #object: BpfObject;
  readonly #maps: Record<'tuples' | 'proofs' | 'sockets' | 'counters', number>;
  readonly #program: number;
  #keeper: number | undefined;

  /**
   * Loads the program, which takes CAP_BPF; nothing is bound yet.
   *
   * @param listen - where the workers will listen: `ip` as it is bound, `port` from 1 to 65535
   * @param object - the program
   * @param shared - the file descriptors of the maps that all groups have in common
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
    this.#maps = createMaps(object, ['tuples', 'proofs', 'sockets', 'counters']);
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
   * Binds a socket, the keeper, that holds the program while no worker is there. The program gives it
   * what nobody shall have, and it receives nothing.
   *
   * @throws SystemCallError when somebody else has the port
   */
  open(): void {
    this.#keeper = bindToGroup(ipBytes(this.ip), this.port);
    receiveNothing(this.#keeper);
    updateElement(this.#maps.sockets, uint32(keeperSlot), socketValue(this.#keeper));
    attachProgram(this.#keeper, this.#program);
  }

  /**
   * Gives a worker its slot: from now on it gets the datagrams of its transports.
   *
   * @param slot - 0 to 255
   * @param pid - the worker, which has a socket in the group
   * @throws SystemCallError when the socket can't be had
   */
  async addWorker(slot: number, pid: number): Promise<void> {
    const socket = await copyUdpSocket(pid, this.ip, this.port);
    try {
      const value = socketValue(socket);
      for (let attempt = 1; ; attempt++) {
        try {
          updateElement(this.#maps.sockets, uint32(slot), value);
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

  /** Whose an address is; undefined: nobody has claimed it, or not lately. @throws SystemCallError */
  ownerOf(remote: Remote): TupleOwner | undefined {
    const value = lookupElement(this.#maps.tuples, remoteKey(remote), ownerBytes);
    return value && readOwner(value);
  }

  /**
   * Gives an address to the transport that has proven it.
   *
   * @param transport - nobody else gets the address as long as it goes on to send Binding Requests from there
   * @param askedAt - when it has sent one: nanoseconds of `process.hrtime`
   * @throws SystemCallError
   */
  setOwner(remote: Remote, transport: number, askedAt = process.hrtime.bigint()): void {
    updateElement(this.#maps.proofs, proofKey(remote, transport), uint32(1));
    const owner = this.ownerOf(remote);
    if (owner?.transport === transport) {
      return;
    }
    const value = ownerValue({ transport, previous: owner?.transport ?? 0 }, askedAt);
    updateElement(this.#maps.tuples, remoteKey(remote), value);
  }

  /**
   * All addresses that the table holds, those of closed transports too: they go when it is full.
   *
   * @throws SystemCallError
   */
  readTuples(): { remote: Remote; owner: TupleOwner }[] {
    const keys = [...keysOf(this.#maps.tuples, definitionOf(this.#object, 'tuples'))];
    return keys.flatMap((key) => {
      const remote = readRemote(key);
      const owner = this.ownerOf(remote);
      return owner ? [{ remote, owner }] : [];
    });
  }

  /** @throws SystemCallError */
  counters(): SteeringCounters {
    return readCounters(this.#maps.counters);
  }

  close(): void {
    if (this.#keeper !== undefined) {
      close(this.#keeper);
    }
    close(this.#program);
    for (const fd of Object.values(this.#maps)) {
      close(fd);
    }
  }
}

function socketValue(fd: number): Buffer {
  const value = Buffer.alloc(8);
  value.writeBigUInt64LE(BigInt(fd));
  return value;
}
