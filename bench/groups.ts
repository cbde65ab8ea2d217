import { forwarding } from './forwarding.ts';
import { idleTransports } from './idle-transports.ts';
import { janus } from './janus/group.ts';
import { joining } from './joining/group.ts';
import { limits } from './limits.ts';
import type { Group } from './scenario.ts';
import { signalling } from './signalling.ts';

/** In the order of the chapters of docs/benchmarks.md. */
export const groups: readonly Group[] = [
  forwarding,
  idleTransports,
  joining,
  janus,
  signalling,
  limits,
];
