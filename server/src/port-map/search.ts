import { isIP } from 'node:net';
import type { PortRow, TransportRow } from '@oneport/protocol';
import { canonicalIp, hostAndPort } from '../net/ip.ts';

/**
 * A parsed search. It is matched against thousands of rows twice a second, so it is parsed once. A transport also
 * matches if one of its ports does.
 */
export interface Search {
  port(row: PortRow): boolean;
  transport(row: TransportRow): boolean;
}

/**
 * Parses what an operator pastes from a capture or a log: `203.0.113.7:51234`, `[2001:db8::7]:51234`,
 * `203.0.113.7.51234` or a whole line of tcpdump, `SRC=203.0.113.7 ... SPT=51234` (netfilter), an address, a port,
 * a ufrag or a STUN USERNAME that begins with it, a peer's id or name, a room's id, a transport's id.
 *
 * @returns undefined if the text is blank: everything matches
 */
export function searchFor(text: string): Search | undefined {
  const wanted = text.trim();
  if (wanted === '') {
    return undefined;
  }
  const ends = endpointsIn(wanted);
  // One of two endpoints is the client's. The other is our port, which all clients share.
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
  // Ports are compared first, because few match and canonical addresses are expensive.
  const mayBe = (text: string) => numbers.some((number) => text.endsWith(number));
  return {
    port: ({ addresses, announced, port }) =>
      (mayBe(`:${port}`) &&
        addresses.some((address) => ends.has(hostAndPort(canonicalIp(address), port)))) ||
      announced.some((one) => mayBe(one) && endpointsIn(one).some((end) => ends.has(end))),
    transport: ({ tuple, otherRemotes }) =>
      (tuple !== null && ends.has(hostAndPort(tuple.address, tuple.remotePort))) ||
      otherRemotes.some((remote) => ends.has(remote)),
  };
}

/** Client addresses only, because all transports share ours. */
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
      port === number || announced.some((one) => one.endsWith(`:${number}`)),
    transport: ({ tuple, peerId, roomId }) =>
      tuple?.remotePort === number || peerId === text || roomId === text,
  };
}

function searchForName(text: string): Search {
  const lower = text.toLowerCase();
  // USERNAME is the receiver's ufrag, a colon, and the sender's (RFC 8445, section 7.2.2).
  const [ufrag = ''] = text.split(':');
  const mayBeUfrag = ufrag.length >= 4;
  return {
    port: () => false,
    transport: ({ key, peerId, displayName, roomId, ufrag: own, previousUfrag }) =>
      [peerId, displayName ?? '', roomId, key].some((name) => name.toLowerCase().includes(lower)) ||
      (mayBeUfrag && (own.includes(ufrag) || (previousUfrag?.includes(ufrag) ?? false))),
  };
}

/** @returns the endpoints in a text, in the form of `hostAndPort` */
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
