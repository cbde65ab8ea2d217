import { NoPortError } from '../errors.ts';
import { deleteElement, keysOf, lookupElement, updateElement } from './bpf.ts';
import type { BpfObject } from './bpf-object.ts';
import { transportValue, ufragKey, uint32 } from './keys.ts';
import { createMaps, definitionOf } from './maps.ts';
import { close, SystemCallError } from './system-calls.ts';

/** ufrag -> transport -> slot, in the kernel; and ufrag -> slot here, for connections by TCP. */
export class SteeringTables {
  readonly fds: Record<'ufrags' | 'transports', number>;
  readonly #object: BpfObject;
  readonly #slots = new Map<string, number>();
  readonly #ids = new Set<number>();
  #lastId = 0;

  /** @throws SystemCallError */
  constructor(object: BpfObject) {
    this.#object = object;
    this.fds = createMaps(object, ['ufrags', 'transports']);
  }

  /**
   * @param slot - of its worker
   * @returns a number that nobody has and, in four thousand million transports, nobody had
   * @throws NoPortError when the tables are full
   */
  addTransport(slot: number): number {
    do this.#lastId = (this.#lastId % 0xffffffff) + 1;
    while (this.#ids.has(this.#lastId));
    const id = this.#lastId;
    this.renewClaims(id, slot);
    this.#ids.add(id);
    return id;
  }

  /** Lets peers claim as many addresses for a transport as for a new one. @throws NoPortError when the tables are full */
  renewClaims(id: number, slot: number): void {
    write(this.fds.transports, uint32(id), transportValue(slot));
  }

  /** All addresses that are its own are nobody's from now on. @throws SystemCallError */
  removeTransport(id: number): void {
    if (this.#ids.delete(id)) deleteElement(this.fds.transports, uint32(id));
  }

  /** @throws NoPortError when the tables are full */
  setUfrag(ufrag: string, id: number, slot: number): void {
    const key = ufragKey(ufrag);
    write(this.fds.ufrags, key, uint32(id));
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
      if (transport === undefined) continue;
      const slot = lookupElement(this.fds.transports, uint32(transport), 8)?.readUInt32LE();
      found.set(key.toString('latin1'), { transport, slot });
    }
    return found;
  }

  close(): void {
    for (const fd of Object.values(this.fds)) close(fd);
  }
}

function write(map: number, key: Buffer, value: Buffer): void {
  try {
    updateElement(map, key, value);
  } catch (error) {
    if (!(error instanceof SystemCallError) || error.code !== 'E2BIG') throw error;
    throw new NoPortError('the port has as many transports as its tables take');
  }
}
