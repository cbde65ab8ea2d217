import { isIP } from 'node:net';
import type { PortRow, TransportRow } from '@oneport/protocol';
import { canonicalIp, hostAndPort } from '../net/ip.ts';

/**
 * What a search is asked in: each port first, and then each transport with whether one of its ports suits.
 * Thousands of rows are asked twice a second, so what is asked is made once.
 */
export interface Search {
  port(row: PortRow): boolean;
  transport(row: TransportRow): boolean;
}

/**
 * Reads what somebody has pasted from a capture, a firewall's log or our own: `203.0.113.7:51234`, `[2001:db8::7]:51234`,
 * `203.0.113.7.51234` (tcpdump, a line of it too), `SRC=203.0.113.7 ... SPT=51234` (Linux's netfilter), an address, a port, a ufrag or the
 * USERNAME that begins with it, a peer by its id or name, a room, a transport's id.
 *
 * @param text - at most as long as the contract allows
 * @returns undefined when it is empty: then everything suits
 */
export function searchFor(text: string): Search | undefined {
  const wanted = text.trim();
  if (wanted === '') {
    return undefined;
  }
  const ends = endpointsIn(wanted);
  // Of two, one is the client's. The other is our port, which is everybody's: whose it is says the first.
  if (ends.length > 1) {
    return { ...searchForEnds(new Set(ends)), port: () => false };
  }
  if (ends.length > 0) {
    return searchForEnds(new Set(ends));
  }
  if (isIP(wanted)) {
    return searchForAddress(canonicalIp(wanted));
  }
  if (/^\d{1,5}$/.test(wanted)) {
    return searchForNumber(wanted);
  }
  return searchForName(wanted);
}

function searchForEnds(ends: ReadonlySet<string>): Search {
  const numbers = [...ends].map((end) => end.slice(end.lastIndexOf(':')));
  // Numbers first: most ports are none of these, and addresses take time to spell.
  const mayBe = (text: string) => numbers.some((number) => text.endsWith(number));
  return {
    port: ({ addresses, announced, port }) =>
      (mayBe(`:${port}`) &&
        addresses.some((address) => ends.has(hostAndPort(canonicalIp(address), port)))) ||
      announced.some((told) => mayBe(told) && endpointsIn(told).some((end) => ends.has(end))),
    transport: ({ tuple, otherRemotes }) =>
      (tuple !== null && ends.has(hostAndPort(tuple.address, tuple.remotePort))) ||
      otherRemotes.some((remote) => ends.has(remote)),
  };
}

/** A client's: one of ours is everybody's. */
function searchForAddress(address: string): Search {
  const prefix = hostAndPort(address, 0).slice(0, -1);
  return {
    port: () => false,
    transport: ({ tuple, otherRemotes }) =>
      tuple?.address === address || otherRemotes.some((remote) => remote.startsWith(prefix)),
  };
}

function searchForNumber(text: string): Search {
  const number = Number(text);
  return {
    port: ({ port, announced }) =>
      port === number || announced.some((told) => told.endsWith(`:${number}`)),
    transport: ({ tuple, peerId, roomId }) =>
      tuple?.remotePort === number || peerId === text || roomId === text,
  };
}

function searchForName(text: string): Search {
  const lower = text.toLowerCase();
  // USERNAME is the one's ufrag, a colon, the other's (RFC 8445, 7.2.2).
  const [ufrag = ''] = text.split(':');
  const mayBeUfrag = ufrag.length >= 4;
  return {
    port: () => false,
    transport: ({ key, peerId, displayName, roomId, ufrag: own, previousUfrag }) =>
      [peerId, displayName ?? '', roomId, key].some((name) => name.toLowerCase().includes(lower)) ||
      (mayBeUfrag && (own.includes(ufrag) || (previousUfrag?.includes(ufrag) ?? false))),
  };
}

/** As `hostAndPort` says them. */
function endpointsIn(text: string): string[] {
  const logged = [
    [/\bSRC=(\S+)/, /\bSPT=(\d{1,5})/],
    [/\bDST=(\S+)/, /\bDPT=(\d{1,5})/],
  ].map((fields) => fields.map((field) => field.exec(text)?.[1]));
  const plain =
    /^\[([0-9a-fA-F:.]+)\]:(\d{1,5})$/.exec(text) ??
    /^(\d+\.\d+\.\d+\.\d+)[:.](\d{1,5})$/.exec(text);
  const dumped =
    /\bIP6? ([0-9a-fA-F:.]+)\.(\d{1,5}) > ([0-9a-fA-F:.]+)\.(\d{1,5}):/.exec(text) ?? [];
  const ends = [...logged, plain?.slice(1) ?? [], dumped.slice(1, 3), dumped.slice(3)];
  return ends.flatMap(([address, port]) =>
    address && isIP(address) && port && Number(port) <= 65535
      ? [hostAndPort(canonicalIp(address), Number(port))]
      : [],
  );
}
