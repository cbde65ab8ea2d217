/** Maps and programs of bpf(2): fields by their offset in `union bpf_attr` (<linux/bpf.h>). */
import { readFileSync } from 'node:fs';
import { addressOf, SystemCallError } from '../../../net/libc.ts';
import type { BpfObject, MapDefinition } from './bpf-object.ts';
import { bpf, close } from './system-calls.ts';

/** The maximum length of a name: BPF_OBJ_NAME_LEN is 16, with a terminating zero. */
const nameBytes = 15;

/**
 * BPF_MAP_CREATE for maps of an object: all of them, or none. Takes CAP_BPF (Linux >= 5.8).
 *
 * @param object - defines the maps
 * @param names - of the maps to create
 * @returns their file descriptors
 * @throws SystemCallError
 * @throws TypeError when the object does not define one
 */
export function createMaps<Name extends string>(
  object: BpfObject,
  names: readonly Name[],
): Record<Name, number> {
  const created: [Name, number][] = [];
  try {
    for (const name of names) {
      created.push([name, createMap(`oneport_${name}`, definitionOf(object, name))]);
    }
  } catch (error) {
    for (const [, fd] of created) {
      close(fd);
    }
    throw error;
  }
  return Object.fromEntries(created) as Record<Name, number>;
}

/** @throws TypeError when the object does not define the map */
export function definitionOf(object: BpfObject, name: string): MapDefinition {
  const definition = object.maps[name];
  if (!definition) {
    throw new TypeError(`no map ${name}`);
  }
  return definition;
}

function createMap(name: string, definition: MapDefinition): number {
  const { type, keyBytes, valueBytes, maxEntries, flags } = definition;
  const attributes = Buffer.alloc(72);
  [type, keyBytes, valueBytes, maxEntries, flags].forEach((field, i) => {
    attributes.writeUInt32LE(field, i * 4);
  });
  attributes.write(name.slice(0, nameBytes), 28, 'latin1');
  return bpf({ number: 0, name: 'BPF_MAP_CREATE' }, attributes);
}

/**
 * BPF_MAP_UPDATE_ELEM with BPF_ANY: adds an entry or replaces it.
 *
 * @param map - its file descriptor
 * @param key - as many bytes as its keys have
 * @param value - as many bytes as its values have
 * @throws SystemCallError E2BIG when the map is full
 */
export function updateElement(map: number, key: Buffer, value: Buffer): void {
  bpf({ number: 2, name: 'BPF_MAP_UPDATE_ELEM' }, elementAttributes(map, key, value));
}

/**
 * BPF_MAP_DELETE_ELEM.
 *
 * @returns whether the entry existed
 * @throws SystemCallError
 */
export function deleteElement(map: number, key: Buffer): boolean {
  return exists(() => bpf({ number: 3, name: 'BPF_MAP_DELETE_ELEM' }, elementAttributes(map, key)));
}

/**
 * BPF_MAP_LOOKUP_ELEM.
 *
 * @param map - its file descriptor
 * @param key - as many bytes as its keys have
 * @param valueBytes - as many as its values have
 * @returns undefined when there is no such entry
 * @throws SystemCallError
 */
export function lookupElement(map: number, key: Buffer, valueBytes: number): Buffer | undefined {
  const value = Buffer.alloc(valueBytes);
  const attributes = elementAttributes(map, key, value);
  return exists(() => bpf({ number: 1, name: 'BPF_MAP_LOOKUP_ELEM' }, attributes))
    ? value
    : undefined;
}

/**
 * BPF_MAP_GET_NEXT_KEY until there is none. When a map changes meanwhile, the kernel may begin again at
 * the first key, so this ends after the maximum number of entries.
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
    if (!exists(() => bpf({ number: 4, name: 'BPF_MAP_GET_NEXT_KEY' }, attributes))) {
      return;
    }
    yield next;
    key = next;
  }
}

/**
 * Reads a BPF_MAP_TYPE_PERCPU_ARRAY of 64-bit counters.
 *
 * @param map - its file descriptor
 * @param length - the number of its entries
 * @returns for each entry, the sum over all CPUs
 * @throws SystemCallError
 */
export function sumPerCpu(map: number, length: number): number[] {
  const bytes = 8;
  return Array.from({ length }, (_, index) => {
    const key = Buffer.alloc(4);
    key.writeUInt32LE(index);
    const values = lookupElement(map, key, bytes * possibleCpus());
    let sum = 0;
    for (let at = 0; values && at < values.length; at += bytes) {
      sum += Number(values.readBigUInt64LE(at));
    }
    return sum;
  });
}

let cpus: number | undefined;

/** A per-CPU map has a value for each CPU that may ever be present, such as `0-7`. */
function possibleCpus(): number {
  cpus ??=
    Math.max(
      ...readFileSync('/sys/devices/system/cpu/possible', 'latin1').split(/[-,]/).map(Number),
    ) + 1;
  return cpus;
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

function exists(call: () => unknown): boolean {
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
/** The verifier fails with EAGAIN when a signal arrives, such as SIGCHLD. */
const loadAttempts = 10;

/**
 * BPF_PROG_LOAD of a program that selects a socket. Takes CAP_BPF (Linux >= 5.8).
 *
 * @param name - for bpftool(8), at most 15 characters
 * @param instructions - 8 bytes each, with the maps' file descriptors in them
 * @param license - as in the object: some helpers require a GPL-compatible one
 * @returns its file descriptor
 * @throws SystemCallError with the end of the verifier's log when the verifier rejects the program
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

/** Loads again with a log, which makes the verifier slower. */
function verifierLog(load: (log: Buffer) => unknown): string {
  const log = Buffer.alloc(logBytes);
  try {
    load(log);
  } catch {
    // Expected: it failed before.
  }
  const text = log.toString('latin1', 0, log.indexOf(0)).trim();
  return text && `\n${text.slice(-1500)}`;
}
