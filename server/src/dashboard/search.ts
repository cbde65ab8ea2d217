import { isIP, SocketAddress } from 'node:net';
import type { PortRow, TransportRow } from '@oneport/protocol';

/** What a search is done in: a transport, and the ports that its row names. */
export type Suits = (transport: TransportRow, ports: PortRow[]) => boolean;

/**
 * Reads what somebody has pasted from a capture, a firewall's log or our own: `203.0.113.7:51234`, `[2001:db8::7]:51234`,
 * `203.0.113.7.51234` (tcpdump), `SRC=203.0.113.7 ... SPT=51234` (Linux's netfilter), an address, a port, a ufrag or the
 * USERNAME that begins with it, a peer, a room, a transport's id.
 *
 * @param text - at most as long as the contract allows; empty suits all
 */
export function searchFor(text: string): Suits {
  const wanted = text.trim();
  if (wanted === '') return () => true;
  const ends = endpointsIn(wanted);
  if (ends.length > 0) {
    return (transport, ports) =>
      ends.some((end) => remotesOf(transport).has(end) || ports.some((port) => isAt(port, end)));
  }
  if (isIP(wanted)) {
    const prefix = endpoint(wanted, 0).slice(0, -1);
    return (transport) => [...remotesOf(transport)].some((remote) => remote.startsWith(prefix));
  }
  if (/^\d{1,5}$/.test(wanted)) {
    const port = Number(wanted);
    return (transport, ports) =>
      transport.tuple?.remotePort === port ||
      ports.some((one) => one.port === port) ||
      namesOf(transport).some((name) => name === wanted);
  }
  const lower = wanted.toLowerCase();
  // USERNAME is the one's ufrag, a colon, the other's (RFC 8445, 7.2.2).
  const [ufrag = ''] = wanted.split(':');
  return (transport) =>
    namesOf(transport).some((name) => name.toLowerCase().includes(lower)) ||
    (ufrag.length >= 4 &&
      [transport.ufrag, transport.previousUfrag ?? ''].some((own) => own.includes(ufrag)));
}

function namesOf({ key, peerId, roomId }: TransportRow): string[] {
  return [peerId, roomId, key];
}

function remotesOf({ tuple, otherRemotes }: TransportRow): Set<string> {
  const remotes = otherRemotes.flatMap(endpointsIn);
  if (tuple) remotes.push(endpoint(tuple.address, tuple.remotePort));
  return new Set(remotes);
}

function isAt({ addresses, announced, port }: PortRow, end: string): boolean {
  return (
    addresses.some((address) => endpoint(address, port) === end) ||
    announced.some((told) => endpointsIn(told).includes(end))
  );
}

/** In one spelling, so that addresses of IPv6 compare. */
function endpoint(address: string, port: number): string {
  const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
  const { address: canonical } = new SocketAddress({ address, family });
  return `${canonical} ${port}`;
}

function endpointsIn(text: string): string[] {
  const logged = [
    [/\bSRC=(\S+)/, /\bSPT=(\d{1,5})/],
    [/\bDST=(\S+)/, /\bDPT=(\d{1,5})/],
  ].map((fields) => fields.map((field) => field.exec(text)?.[1]));
  const plain =
    /^\[([0-9a-fA-F:.]+)\]:(\d{1,5})$/.exec(text) ??
    /^(\d+\.\d+\.\d+\.\d+)[:.](\d{1,5})$/.exec(text);
  return [...logged, plain?.slice(1) ?? []].flatMap(([address, port]) =>
    address && isIP(address) && port && Number(port) <= 65535
      ? [endpoint(address, Number(port))]
      : [],
  );
}
