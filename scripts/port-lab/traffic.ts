import {
  accept,
  attempt,
  closeFd,
  type Family,
  type Kind,
  type Open,
  readable,
  type Socket,
  withSockets,
} from './sockets.ts';

/** Each experiment sends from so many source ports. By chance alone, one of four sockets gets none once in 10^12 runs. */
export const senders = 100;

/** The wait for a datagram or connection, which ends this late only if it never comes. */
const timeoutMs = 1000;

export interface Target {
  readonly family: Family;
  readonly address: string;
  readonly port: number;
}

interface Sending {
  /** How many receivers get each datagram. */
  readonly copies?: number;
  /** Sets options on each sending socket. */
  readonly prepare?: (sender: Socket) => void;
}

/**
 * Opens sockets that are to share a port, sends to it, and says who gets the traffic.
 *
 * @param binders - open and bind one socket each, in this order
 * @param names - of the sockets, for the answer
 * @returns as `shareOf`, or the error by which the system refused one of the sockets
 */
export function whoGets(
  kind: Kind,
  to: Target,
  binders: readonly ((open: Open) => Socket)[],
  names: readonly string[],
  sending?: Sending,
): Promise<string> {
  return withSockets(async (open) => {
    const sockets: Socket[] = [];
    const refused = attempt(() => {
      for (const bind of binders) {
        sockets.push(bind(open));
      }
    });
    if (refused) {
      return refused;
    }
    const count = kind === 'TCP' ? countConnections : countDatagrams;
    return shareOf(await count(sockets, to, sending), names);
  });
}

/** Sends a datagram from each of `senders` new sockets. @returns how many each receiver got */
export function countDatagrams(
  receivers: readonly Socket[],
  to: Target,
  { copies, prepare = () => {} }: Sending = {},
): Promise<number[]> {
  return withSockets((open) => {
    const from = Array.from({ length: senders }, () => open('UDP', to.family));
    from.forEach(prepare);
    return deliver(from, receivers, to, copies).map(({ length }) => length);
  });
}

/**
 * Sends a datagram from each of these sockets.
 *
 * @param from - at most 256
 * @param copies - how many receivers get each datagram
 * @returns for each receiver the indices of the senders whose datagrams it got
 */
export function deliver(
  from: readonly Socket[],
  receivers: readonly Socket[],
  { address, port }: Target,
  copies = 1,
): number[][] {
  for (const [i, sender] of from.entries()) {
    sender.send(address, port, i);
  }
  return collect(receivers, from.length * copies, (receiver) => receiver.receive());
}

/** Connects each of `senders` new sockets. @returns how many connections each listener could accept */
export function countConnections(
  listeners: readonly Socket[],
  { family, address, port }: Target,
): Promise<number[]> {
  return withSockets((open) => {
    for (let i = 0; i < senders; i++) {
      open('TCP', family).connect(address, port);
    }
    for (const listener of listeners) {
      listener.setNonBlocking();
    }
    return collect(listeners, senders, acceptAndClose).map(({ length }) => length);
  });
}

/** @returns true when the listener, which does not block, had a connection to accept; otherwise undefined */
export function acceptAndClose(listener: Pick<Socket, 'fd'>): true | undefined {
  const connection = accept(listener.fd);
  if (connection === undefined) {
    return undefined;
  }
  closeFd(connection);
  return true;
}

/**
 * Takes what arrives until so much has been taken or nothing arrives any more, then once more, in case of a surplus.
 *
 * @returns what each receiver got
 */
function collect<T>(
  receivers: readonly Socket[],
  expected: number,
  take: (receiver: Socket) => T | undefined,
): T[][] {
  const got = receivers.map((): T[] => []);
  const fds = receivers.map(({ fd }) => fd);
  const takeAll = () => {
    for (const [i, receiver] of receivers.entries()) {
      for (let item = take(receiver); item !== undefined; item = take(receiver)) {
        got[i]?.push(item);
      }
    }
  };
  do {
    takeAll();
  } while (got.flat().length < expected && readable(fds, timeoutMs).length > 0);
  takeAll();
  return got;
}

/**
 * Says in a word who got the traffic.
 *
 * @param counts - how much each socket got
 * @param names - of the sockets, in the same order
 * @returns a socket's name when it got all; `each` when each got all; `spread` when each got some; else the counts
 */
export function shareOf(counts: readonly number[], names: readonly string[]): string {
  if (counts.every((count) => count === senders)) {
    return 'each';
  }
  const sum = counts.reduce((total, count) => total + count, 0);
  if (sum === senders && counts.includes(senders)) {
    return names[counts.indexOf(senders)] ?? '';
  }
  return sum === senders && !counts.includes(0) ? 'spread' : counts.join('+');
}
