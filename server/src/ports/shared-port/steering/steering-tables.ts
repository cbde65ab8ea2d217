import { SystemCallError } from '../../../net/libc.ts';
import { NoPortError } from '../../types.ts';
import {
  createMaps,
  definitionOf,
  deleteElement,
  keysOf,
  lookupElement,
  updateElement,
} from './bpf.ts';
import type { BpfObject } from './bpf-object.ts';
import {
  freeTransport,
  readTransport,
  transportBytes,
  transportValue,
  ufragKey,
  uint32,
} from './layout.ts';
import { close } from './system-calls.ts';

const full = 'the steering tables have no entry for another transport';

/** The tables ufrag -> transport -> worker in the kernel, and ufrag -> worker here for TCP. */
export class SteeringTables {
  readonly fds: Record<'ufrags' | 'transports', number>;
  readonly #object: BpfObject;
  readonly #workers = new Map<string, number>();
  /** The transport id in each entry of the `transports` array. An id's index is its remainder. */
  readonly #ids = new Map<number, number>();
  readonly #maxTransports: number;
  #lastId = 0;

  /** @throws SystemCallError */
  constructor(object: BpfObject) {
    this.#object = object;
    this.#maxTransports = definitionOf(object, 'transports').maxEntries;
    this.fds = createMaps(object, ['ufrags', 'transports']);
  }

  /**
   * Adds a transport.
   *
   * @returns its id, which is not used again before four thousand million others
   * @throws NoPortError when the tables are full
   */
  addTransport(workerIndex: number): number {
    if (this.#ids.size === this.#maxTransports) {
      throw new NoPortError(full);
    }
    do {
      this.#lastId = (this.#lastId % 0xffffffff) + 1;
    } while (this.#ids.has(this.#indexOf(this.#lastId)));
    const id = this.#lastId;
    this.resetUnverified(id, workerIndex);
    this.#ids.set(this.#indexOf(id), id);
    return id;
  }

  /** Allows as many unverified tuples as for a new transport. @throws SystemCallError */
  resetUnverified(id: number, workerIndex: number): void {
    updateElement(this.fds.transports, uint32(this.#indexOf(id)), transportValue(id, workerIndex));
  }

  /** Removes a transport. Its tuples have no owner from now on. @throws SystemCallError */
  removeTransport(id: number): void {
    const index = this.#indexOf(id);
    if (this.#ids.get(index) !== id) {
      return;
    }
    updateElement(this.fds.transports, uint32(index), freeTransport);
    this.#ids.delete(index);
  }

  /** @throws NoPortError when the tables are full */
  setUfrag(ufrag: string, id: number, workerIndex: number): void {
    const key = ufragKey(ufrag);
    try {
      updateElement(this.fds.ufrags, key, uint32(id));
    } catch (error) {
      if (!(error instanceof SystemCallError) || error.code !== 'E2BIG') {
        throw error;
      }
      throw new NoPortError(full);
    }
    this.#workers.set(key.toString('latin1'), workerIndex);
  }

  /** @throws SystemCallError */
  removeUfrag(ufrag: string): void {
    const key = ufragKey(ufrag);
    this.#workers.delete(key.toString('latin1'));
    deleteElement(this.fds.ufrags, key);
  }

  /** The index of the worker whose transport has the ufrag. */
  workerOf(ufrag: string): number | undefined {
    return this.#workers.get(ufrag.slice(-32));
  }

  /** Reads each ufrag's transport and its worker from the kernel. @throws SystemCallError */
  readUfragsForTesting(): Map<string, { transport: number; workerIndex: number | undefined }> {
    const found = new Map<string, { transport: number; workerIndex: number | undefined }>();
    for (const key of keysOf(this.fds.ufrags, definitionOf(this.#object, 'ufrags'))) {
      const transport = lookupElement(this.fds.ufrags, key, 4)?.readUInt32LE();
      if (transport === undefined) {
        continue;
      }
      const index = uint32(this.#indexOf(transport));
      const value = lookupElement(this.fds.transports, index, transportBytes);
      const entry = value && readTransport(value);
      const workerIndex = entry?.id === transport ? entry.workerIndex : undefined;
      found.set(key.toString('latin1'), { transport, workerIndex });
    }
    return found;
  }

  close(): void {
    for (const fd of Object.values(this.fds)) {
      close(fd);
    }
  }

  #indexOf(id: number): number {
    return id % this.#maxTransports;
  }
}
