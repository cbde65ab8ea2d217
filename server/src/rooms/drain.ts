import { setTimeout as sleep } from 'node:timers/promises';
import type { Rooms } from './rooms.ts';

export interface DrainOptions {
  /** How long open rooms may continue, from 0 to `longestDrainSeconds`. 0: drain() returns immediately. */
  seconds: number;
  /** Ends draining early. */
  signal: AbortSignal;
  /** Receives a sentence for the operator, if there are open rooms to wait for. */
  say(text: string): void;
}

/**
 * Opens no more rooms, and waits until the open ones have closed. Their peers may leave, resume, and be joined by
 * others until then.
 */
export async function drain(rooms: Rooms, { seconds, signal, say }: DrainOptions): Promise<void> {
  if (seconds === 0 || signal.aborted) {
    return;
  }
  const open = rooms.announceStop(seconds);
  if (open.length === 0) {
    return;
  }
  const peers = open.reduce((sum, room) => sum + room.size, 0);
  say(
    `oneport is draining: it stops when all open rooms (${counted(open.length, 'room')}, ` +
      `${counted(peers, 'peer')}) have closed, or after ${seconds} s (DRAIN_SECONDS). ` +
      'Another signal or Ctrl-C stops it immediately.',
  );
  const closed = new AbortController();
  const timeout = sleep(seconds * 1000, undefined, {
    signal: AbortSignal.any([signal, closed.signal]),
  }).catch(() => undefined);
  await Promise.race([timeout, rooms.allClosed()]);
  closed.abort();
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
