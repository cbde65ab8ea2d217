import type { Family } from './address.ts';
import { call } from './libc.ts';
import { readable, type Socket } from './socket.ts';
import { withSockets } from './with-sockets.ts';

/** From so many source ports each experiment sends: by chance alone, one of four gets none once in 10^12 times. */
export const senders = 100;

/** Only a datagram or connection that never comes is waited for so long. */
const patienceMs = 1000;

/**
 * Sends a datagram from each of so many new sockets, and looks who gets them.
 *
 * @param receivers - In the order in which they were bound.
 * @param copies - How many of them are to get each datagram.
 * @param prepare - Sets options on each sending socket.
 * @returns For each receiver how many it got.
 */
export function countDatagrams(
  receivers: readonly Socket[],
  { family, address, port }: { family: Family; address: string; port: number },
  { copies = 1, prepare = () => {} }: { copies?: number; prepare?: (sender: Socket) => void } = {},
): Promise<number[]> {
  return withSockets((open) => {
    for (let i = 0; i < senders; i++) {
      const sender = open('UDP', family);

      prepare(sender);
      sender.send(address, port);
    }

    return collect(receivers, senders * copies, (socket) => socket.receive() !== undefined);
  });
}

/**
 * Sends a datagram from each of these sockets, and looks which receiver gets it.
 *
 * @param from - At most 256.
 * @returns For each sender who got it, in the order of `from`.
 */
export function receiverOfEach(
  from: readonly Socket[],
  receivers: readonly Socket[],
  { address, port }: { address: string; port: number },
): (Socket | undefined)[] {
  const got: (Socket | undefined)[] = from.map(() => undefined);

  for (const [i, sender] of from.entries()) {
    sender.send(address, port, i);
  }
  collect(receivers, from.length, (receiver) => {
    const message = receiver.receive();

    if (message !== undefined) {
      got[message] = receiver;
    }

    return message !== undefined;
  });

  return got;
}

/**
 * Makes a connection from each of so many new sockets, and looks who can accept them.
 *
 * @param listeners - In the order in which they were bound.
 * @returns For each listener how many it got.
 */
export function countConnections(
  listeners: readonly Socket[],
  { family, address, port }: { family: Family; address: string; port: number },
): Promise<number[]> {
  return withSockets((open) => {
    for (let i = 0; i < senders; i++) {
      open('TCP', family).connect(address, port);
    }
    for (const listener of listeners) {
      listener.dontBlock();
    }

    return collect(listeners, senders, (listener) => {
      const connection = listener.accept();

      if (connection !== undefined) {
        call('close', connection);
      }

      return connection !== undefined;
    });
  });
}

/** Takes what there is until so many have come, or nothing comes any more; then once more, in case of too many. */
function collect(
  receivers: readonly Socket[],
  expected: number,
  take: (receiver: Socket) => boolean,
): number[] {
  const counts = receivers.map(() => 0);
  const takeAll = () => {
    for (const [i, receiver] of receivers.entries()) {
      while (take(receiver)) {
        counts[i] = (counts[i] ?? 0) + 1;
      }
    }
  };

  const fds = receivers.map(({ fd }) => fd);

  do {
    takeAll();
  } while (sum(counts) < expected && readable(fds, patienceMs).length > 0);
  takeAll();

  return counts;
}

/**
 * Says in a word who got what was sent.
 *
 * @param counts - In the order in which the sockets were bound.
 * @param names - What to call them, in the same order.
 * @returns A socket's name when it got all; `each` when each got all; `spread` when each got some; else the counts.
 */
export function shareOf(counts: readonly number[], names: readonly string[]): string {
  const only = counts.indexOf(senders);

  if (counts.every((count) => count === senders)) {
    return 'each';
  }
  if (only >= 0 && sum(counts) === senders) {
    return names[only] ?? String(only);
  }
  if (sum(counts) === senders && counts.every((count) => count > 0)) {
    return 'spread';
  }

  return counts.join('+');
}

/** What the two sockets of a pair are called. */
export const ofTwo = ['first', 'last'];

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}
