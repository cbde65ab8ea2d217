/** Maps and programs of bpf(2): fields by their offset in `union bpf_attr` (<linux/bpf.h>). */
import { addressOf, SystemCallError } from '../../../net/libc.ts';
import { bpf } from './system-calls.ts';

/** A map's shape, as the object file has it. */
export interface MapDefinition {
  type: number;
  keyBytes: number;
  valueBytes: number;
  maxEntries: number;
  flags: number;
}

/** What a program's name may have: BPF_OBJ_NAME_LEN is 16, with a zero at the end. */
const nameBytes = 15;

/**
 * BPF_MAP_CREATE. Takes CAP_BPF (Linux >= 5.8).
 *
 * @param name - for bpftool(8), at most 15 characters
 * @param definition - its shape
 * @returns its file descriptor
 * @throws SystemCallError
 */
export function createMap(name: string, definition: MapDefinition): number {
  const { type, keyBytes, valueBytes, maxEntries, flags } = definition;
  const attributes = Buffer.alloc(72);
  [type, keyBytes, valueBytes, maxEntries, flags].forEach((field, i) => {
    attributes.writeUInt32LE(field, i * 4);
  });
  attributes.write(name.slice(0, nameBytes), 28, 'latin1');
  return bpf({ number: 0, name: 'BPF_MAP_CREATE' }, attributes);
}

/**
 * BPF_MAP_UPDATE_ELEM with BPF_ANY: makes an entry or replaces it.
 *
 * @param map - its file descriptor
 * @param key - as many bytes as its keys have
 * @param value - as many bytes as its values have
 * @throws SystemCallError E2BIG when it is full
 */
export function updateElement(map: number, key: Buffer, value: Buffer): void {
  bpf({ number: 2, name: 'BPF_MAP_UPDATE_ELEM' }, elementAttributes(map, key, value));
}

/**
 * BPF_MAP_DELETE_ELEM.
 *
 * @returns whether there was one
 * @throws SystemCallError
 */
export function deleteElement(map: number, key: Buffer): boolean {
  return isThere(() =>
    bpf({ number: 3, name: 'BPF_MAP_DELETE_ELEM' }, elementAttributes(map, key)),
  );
}

/**
 * BPF_MAP_LOOKUP_ELEM.
 *
 * @param map - its file descriptor
 * @param key - as many bytes as its keys have
 * @param valueBytes - how many its values have
 * @returns the value; undefined when there is none
 * @throws SystemCallError
 */
export function lookupElement(map: number, key: Buffer, valueBytes: number): Buffer | undefined {
  const value = Buffer.alloc(valueBytes);
  const attributes = elementAttributes(map, key, value);
  return isThere(() => bpf({ number: 1, name: 'BPF_MAP_LOOKUP_ELEM' }, attributes))
    ? value
    : undefined;
}

/**
 * BPF_MAP_GET_NEXT_KEY until there is none. A map that changes meanwhile may begin again at its first
 * key, so it ends after as many as it can have.
 *
 * @param map - its file descriptor
 * @param definition - its shape
 * @throws SystemCallError
 */
export function* keysOf(map: number, { keyBytes, maxEntries }: MapDefinition): Generator<Buffer> {
  let key: Buffer | undefined;
  for (let n = 0; n < maxEntries; n++) {
    const next = Buffer.alloc(keyBytes);
    const attributes = elementAttributes(map, key, next);
    if (!isThere(() => bpf({ number: 4, name: 'BPF_MAP_GET_NEXT_KEY' }, attributes))) {
      return;
    }
    yield next;
    key = next;
  }
}

function elementAttributes(map: number, key: Buffer | undefined, value?: Buffer): Buffer {
  const attributes = Buffer.alloc(32);
  attributes.writeUInt32LE(map, 0);
  if (key) {
    attributes.writeBigUInt64LE(addressOf(key), 8);
  }
  if (value) {
    attributes.writeBigUInt64LE(addressOf(value), 16);
  }
  return attributes;
}

function isThere(call: () => unknown): boolean {
  try {
    call();
    return true;
  } catch (error) {
    if (error instanceof SystemCallError && error.code === 'ENOENT') {
      return false;
    }
    throw error;
  }
}

/** BPF_PROG_TYPE_SK_REUSEPORT, Linux >= 4.19. */
const skReuseport = 21;
const logBytes = 1 << 20;
/** The verifier gives up with EAGAIN when a signal comes, such as that of a child that ended. */
const loadAttempts = 10;

/**
 * BPF_PROG_LOAD of a program that chooses a socket. Takes CAP_BPF (Linux >= 5.8).
 *
 * @param name - for bpftool(8), at most 15 characters
 * @param instructions - 8 bytes each, with its maps' file descriptors in them
 * @param license - as in the object: some helpers are for GPL-compatible ones only
 * @returns its file descriptor
 * @throws SystemCallError with what the verifier says, when it refuses the program
 */
export function loadProgram(name: string, instructions: Buffer, license: string): number {
  const licenseText = Buffer.from(`${license}\0`, 'latin1');
  const load = (log?: Buffer) => {
    const attributes = Buffer.alloc(72);
    attributes.writeUInt32LE(skReuseport, 0);
    attributes.writeUInt32LE(instructions.length / 8, 4);
    attributes.writeBigUInt64LE(addressOf(instructions), 8);
    attributes.writeBigUInt64LE(addressOf(licenseText), 16);
    if (log) {
      attributes.writeUInt32LE(1, 24);
      attributes.writeUInt32LE(log.length, 28);
      attributes.writeBigUInt64LE(addressOf(log), 32);
    }
    attributes.write(name.slice(0, nameBytes), 48, 'latin1');
    for (let attempt = 1; ; attempt++) {
      try {
        return bpf({ number: 5, name: 'BPF_PROG_LOAD' }, attributes);
      } catch (error) {
        const isInterrupted = error instanceof SystemCallError && error.code === 'EAGAIN';
        if (!isInterrupted || attempt === loadAttempts) {
          throw error;
        }
      }
    }
  };
  try {
    return load();
  } catch (error) {
    if (error instanceof SystemCallError && error.code !== 'EPERM') {
      error.message += verifierLog(load);
    }
    throw error;
  }
}

/** The verifier tells only who asks, and asking makes it slower. */
function verifierLog(load: (log: Buffer) => unknown): string {
  const log = Buffer.alloc(logBytes);
  try {
    load(log);
  } catch {
    // It is the log that was wanted.
  }
  const text = log.toString('latin1', 0, log.indexOf(0)).trim();
  return text && `\n${text.slice(-1500)}`;
}
