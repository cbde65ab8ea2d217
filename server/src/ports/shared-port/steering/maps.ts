import { createMap, type MapDefinition } from './bpf.ts';
import type { BpfObject } from './bpf-object.ts';
import { close } from './system-calls.ts';

export type MapName = 'ufrags' | 'transports' | 'tuples' | 'proofs' | 'sockets' | 'counters';

/** A map's shape. @throws TypeError when the object has none of that name */
export function definitionOf(object: BpfObject, name: MapName): MapDefinition {
  const definition = object.maps[name];
  if (!definition) {
    throw new TypeError(`no map ${name}`);
  }
  return definition;
}

/**
 * Makes maps of an object: all of them, or none.
 *
 * @param object - has their shapes
 * @param names - which
 * @returns their file descriptors
 * @throws SystemCallError
 */
export function createMaps<Name extends MapName>(
  object: BpfObject,
  names: readonly Name[],
): Record<Name, number> {
  const made: [Name, number][] = [];
  try {
    for (const name of names) {
      made.push([name, createMap(`oneport_${name}`, definitionOf(object, name))]);
    }
  } catch (error) {
    for (const [, fd] of made) {
      close(fd);
    }
    throw error;
  }
  return Object.fromEntries(made) as Record<Name, number>;
}
