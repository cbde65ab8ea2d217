/** How numbers, times and reasons are said. */
import type { PortCount, Rates, TransportPhase, TransportRow } from '@oneport/protocol';

const units = ['B', 'kB', 'MB', 'GB', 'TB'];

/** @param bytes - 0 or more. Decimal units, as networks have them */
export function bytesWords(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 || value >= 99.5 ? Math.round(value) : value.toPrecision(2)} ${units[unit]}`;
}

/** @param milliseconds - how long ago; what the clocks make negative is 0 */
export function sinceWords(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  if (seconds < 60) {
    return `${seconds} s`;
  }
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) {
    return `${minutes} min`;
  }
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} days`;
}

/** @param count - such as `3`, and what of: `port` */
export function countWords(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString('en')} ${count === 1 ? one : many}`;
}

export const phaseWords: Record<TransportPhase, { short: string; long: string }> = {
  waiting: { short: 'waiting', long: 'Nobody has come with this ufrag yet.' },
  stun: {
    short: 'ufrag',
    long: 'A STUN request with this ufrag has come: its source address is the client’s. DTLS has not passed yet.',
  },
  tuple: {
    short: 'tuple',
    long: 'DTLS has passed. Packets without a ufrag are found by where they come from: the tuple.',
  },
  lost: {
    short: 'lost',
    long: 'The client has stopped asking for consent: its address is forgotten until a request with the ufrag comes.',
  },
};

export const countedByWords: Record<PortCount['by'], string> = {
  workers: 'by the workers',
  kernel: 'by the kernel’s program',
  'tcp-front': 'by the TCP front',
};

/** Both directions in a line. */
export function trafficWords({ bytesIn, bytesOut, packetsIn, packetsOut }: Rates): string {
  return `in ${bytesWords(bytesIn)}/s, ${packetsIn} RTP/s · out ${bytesWords(bytesOut)}/s, ${packetsOut} RTP/s`;
}

/** What counters are called: those of docs/webrtc-server-dump.md and docs/shared-port.md. */
const counterWords: Record<string, string> = {
  packets: 'packets received',
  bytes: 'bytes received',
  droppedMalformedStun: 'STUN that can’t be parsed',
  droppedNonRequestStun: 'STUN, but no request',
  droppedStunWithoutUsername: 'STUN without a USERNAME',
  droppedStunWithUnknownUsername: 'STUN with an unknown ufrag',
  droppedStunFromTupleInUse: 'STUN for another than who uses the tuple',
  droppedDataFromUnknownTuple: 'data from an unknown tuple',
  stunSteered: 'STUN steered by ufrag',
  dataSteered: 'data steered by tuple',
  tupleClaimed: 'tuples claimed',
  tupleReclaimed: 'tuples claimed back',
  claimRefused: 'claims refused: the tuple is another’s',
  claimOverLimit: 'claims refused: too many for one ufrag',
  stunTupleInUse: 'STUN for another than who uses the tuple',
  stunMalformed: 'STUN without a readable ufrag',
  stunUnknownUfrag: 'STUN with an unknown ufrag',
  dataUnknownTuple: 'data from an unknown tuple',
  noWorker: 'the worker is gone',
  unreadable: 'unreadable datagrams',
  accepted: 'connections',
  ice: 'connections for media',
  http: 'connections for HTTP',
  tls: 'connections for HTTPS',
  idle: 'ended: nothing was sent',
  unknown: 'neither ICE nor HTTP',
  unknownUfrag: 'STUN with an unknown ufrag',
  notServed: 'not served at this address',
  timeout: 'the first frame took too long',
  unused: 'connections on which nothing came',
  closedEarly: 'closed before the first frame',
  overLimit: 'too many connections',
  workerUnreachable: 'the worker was not reachable',
  stalled: 'the other side didn’t read',
  acceptFailed: 'could not be accepted',
};

/** A counter that is new to this page goes by its own name. */
export function counterName(name: string): string {
  return counterWords[name] ?? name;
}

/** A peer's name is for people, and need not be its own; its id is in logs and captures, and nobody else's. */
export function peerWords({
  displayName,
  peerId,
}: Pick<TransportRow, 'displayName' | 'peerId'>): string {
  return displayName === null ? peerId : `${displayName} ${peerId}`;
}

/** Enough of an id to tell it from others. */
export function idWords(id: string): string {
  return id.length <= 8 ? id : `${id.slice(0, 8)}…`;
}

/** As in URLs: `[2001:db8::7]:443`. */
export function addressWords(address: string, port: number): string {
  return `${address.includes(':') ? `[${address}]` : address}:${port}`;
}

/** Enough of a ufrag to tell it from others: the beginning of its random part, the last 32 characters. */
export function ufragWords(ufrag: string): string {
  return `${ufrag.slice(-32).slice(0, 6)}…`;
}
