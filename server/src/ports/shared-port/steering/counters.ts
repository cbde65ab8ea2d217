import { readFileSync } from 'node:fs';
import { lookupElement } from './bpf.ts';

/** What became of each datagram, and of each claim to an address. The order is that of steer.bpf.c. */
export const counterNames = [
  'stunSteered',
  'dataSteered',
  'stunMalformed',
  'stunUnknownUfrag',
  'dataUnknownTuple',
  'noWorker',
  'unreadable',
  'tupleClaimed',
  'tupleReclaimed',
  'claimRefused',
  'claimOverLimit',
  'stunTupleInUse',
] as const;

export type SteeringCounters = Record<(typeof counterNames)[number], number>;

const counterBytes = 8;

/**
 * Each CPU counts for itself: this is the sum.
 *
 * @param map - the counters' file descriptor
 * @throws SystemCallError
 */
export function readCounters(map: number): SteeringCounters {
  const key = Buffer.alloc(4);
  const entries = counterNames.map((name, index) => {
    key.writeUInt32LE(index);
    const values = lookupElement(map, key, counterBytes * possibleCpus());
    let sum = 0;
    for (let at = 0; values && at < values.length; at += counterBytes) {
      sum += Number(values.readBigUInt64LE(at));
    }
    return [name, sum];
  });
  return Object.fromEntries(entries) as SteeringCounters;
}

let cpus: number | undefined;

/** A map that counts for each CPU has a value for each that may ever be there, such as `0-7`. */
function possibleCpus(): number {
  cpus ??=
    Math.max(
      ...readFileSync('/sys/devices/system/cpu/possible', 'latin1').split(/[-,]/).map(Number),
    ) + 1;
  return cpus;
}
