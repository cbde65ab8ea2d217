import { SystemCallError } from '../../../net/libc.ts';
import { NoPortError } from '../../types.ts';
import { deleteElement, keysOf, lookupElement, updateElement } from './bpf.ts';
import type { BpfObject } from './bpf-object.ts';
import { noTransport, readTransport, transportValue, ufragKey, uint32 } from './keys.ts';
import { createMaps, definitionOf } from './maps.ts';
import { close } from './system-calls.ts';

const full = 'the port has as many transports as its tables take';

/** ufrag -> transport -> slot, in the kernel; and ufrag -> slot here, for connections by TCP. */
export class SteeringTables {
  readonly fds: Record<'ufrags' | 'transports', number>;
  readonly #object: BpfObject;
  readonly #slots = new Map<string, number>();
  /** Who has which place of `transports`: a number's place is its remainder by how many there are. */
  readonly #places = new Map<number, number>();
  readonly #maxTransports: number;
  #lastId = 0;

  /** @throws SystemCallError */
  constructor(object: BpfObject) {
    this.#object = object;
    this.#maxTransports = definitionOf(object, 'transports').maxEntries;
    this.fds = createMaps(object, ['ufrags', 'transports']);
  }

  /**
   * @param slot - of its worker
   * @returns a number that nobody has and, in four thousand million transports, nobody had
   * @throws NoPortError when the tables are full
   */
  addTransport(slot: number): number {
    if (this.#places.size === this.#maxTransports) {
      throw new NoPortError(full);
    }
    do {
      this.#lastId = (this.#lastId % 0xffffffff) + 1;
    } while (this.#places.has(this.#placeOf(this.#lastId)));
    const id = this.#lastId;
    this.renewClaims(id, slot);
    this.#places.set(this.#placeOf(id), id);
    return id;
  }

  /** Lets peers claim as many addresses for a transport as for a new one. @throws SystemCallError */
  renewClaims(id: number, slot: number): void {
    updateElement(this.fds.transports, uint32(this.#placeOf(id)), transportValue(id, slot));
  }

  /** All addresses that are its own are nobody's from now on. @throws SystemCallError */
  removeTransport(id: number): void {
    const place = this.#placeOf(id);
    if (this.#places.get(place) !== id) {
      return;
    }
    updateElement(this.fds.transports, uint32(place), noTransport);
    this.#places.delete(place);
  }

  /** @throws NoPortError when the tables are full */
  setUfrag(ufrag: string, id: number, slot: number): void {
    const key = ufragKey(ufrag);
    try {
      updateElement(this.fds.ufrags, key, uint32(id));
    } catch (error) {
      if (!(error instanceof SystemCallError) || error.code !== 'E2BIG') {
        throw error;
      }
      throw new NoPortError(full);
    }
    this.#slots.set(key.toString('latin1'), slot);
  }

  /** @throws SystemCallError */
  removeUfrag(ufrag: string): void {
    const key = ufragKey(ufrag);
    this.#slots.delete(key.toString('latin1'));
    deleteElement(this.fds.ufrags, key);
  }

  /** The slot of the worker that has it. */
  slotOf(ufrag: string): number | undefined {
    return this.#slots.get(ufrag.slice(-32));
  }

  /** What the kernel has: each ufrag's transport and its slot. For tests. @throws SystemCallError */
  readUfrags(): Map<string, { transport: number; slot: number | undefined }> {
    const found = new Map<string, { transport: number; slot: number | undefined }>();
    for (const key of keysOf(this.fds.ufrags, definitionOf(this.#object, 'ufrags'))) {
      const transport = lookupElement(this.fds.ufrags, key, 4)?.readUInt32LE();
      if (transport === undefined) {
        continue;
      }
      const value = lookupElement(this.fds.transports, uint32(this.#placeOf(transport)), 12);
      const there = value && readTransport(value);
      const slot = there?.id === transport ? there.slot : undefined;
      found.set(key.toString('latin1'), { transport, slot });
    }
    return found;
  }

  close(): void {
    for (const fd of Object.values(this.fds)) {
      close(fd);
    }
  }

  #placeOf(id: number): number {
    return id % this.#maxTransports;
  }
}
