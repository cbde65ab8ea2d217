import { setTimeout as sleep } from 'node:timers/promises';
import type { Rooms } from './rooms.ts';

export interface DrainOptions {
  /** How long the rooms may go on, from 0 to `longestDrainSeconds`. 0: nobody is warned, nothing waited for. */
  seconds: number;
  /** Ends the waiting. */
  enough: AbortSignal;
  /** Is told what is waited for, if anything is. */
  say(text: string): void;
}

/**
 * Before the server stops: no room begins any more, and those that are open may go on for a while.
 * Who is in one may leave it, come back to it after a drop, and be joined by others.
 *
 * @param rooms - all of the server's
 * @param options - how long, and who says when it is enough
 */
export async function drain(rooms: Rooms, { seconds, enough, say }: DrainOptions): Promise<void> {
  if (seconds === 0 || enough.aborted) {
    return;
  }
  const open = await rooms.announceStop(seconds);
  if (open.length === 0) {
    return;
  }
  const peers = open.reduce((sum, room) => sum + room.size, 0);
  say(
    `oneport stops when ${counted(open.length, 'open room')} with ${counted(peers, 'peer')} ended, in ` +
      `${seconds} s at the latest (DRAIN_SECONDS). Another signal or Ctrl-C stops it at once.`,
  );
  const waiting = new AbortController();
  const timeIsUp = sleep(seconds * 1000, undefined, {
    signal: AbortSignal.any([enough, waiting.signal]),
  }).catch(() => undefined);
  await Promise.race([timeIsUp, rooms.ended()]);
  waiting.abort();
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
