/** The texts and number formats of the port map. */
import type { Counted, PortCount, Rates, TransportPhase, TransportRow } from '@oneport/protocol';

const units = ['B', 'kB', 'MB', 'GB', 'TB'];

/** In decimal units, as usual in networking. @param bytes - from 0 */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 || value >= 99.5 ? Math.round(value) : value.toPrecision(2)} ${units[unit]}`;
}

/** @param milliseconds - a negative value, due to differing clocks, counts as 0 */
export function formatDuration(milliseconds: number): string {
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

/** `3 ports` */
export function formatCount(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString('en')} ${count === 1 ? one : many}`;
}

export const phaseLabels: Record<TransportPhase, { short: string; long: string }> = {
  waiting: { short: 'waiting', long: 'No STUN request with this ufrag has arrived yet.' },
  stun: {
    short: 'ufrag',
    long: 'A STUN request with this ufrag has arrived, so the client’s address is known. DTLS is not complete yet.',
  },
  tuple: {
    short: 'tuple',
    long: 'DTLS is complete. Packets without a ufrag are found by their source address: the tuple.',
  },
  lost: {
    short: 'lost',
    long: 'ICE consent has expired. The client’s address is unknown until another STUN request with the ufrag arrives.',
  },
};

export const countedByLabels: Record<PortCount['by'], string> = {
  workers: 'by the workers',
  kernel: 'by the kernel program',
  'tcp-demultiplexer': 'by the TCP demultiplexer',
};

export function formatRates({ bytesIn, bytesOut, packetsIn, packetsOut }: Rates): string {
  return `in ${formatBytes(bytesIn)}/s, ${packetsIn} RTP/s · out ${formatBytes(bytesOut)}/s, ${packetsOut} RTP/s`;
}

/** The counters of docs/webrtc-server-dump.md and docs/shared-port.md. */
const counterLabels: Record<string, string> = {
  packets: 'packets received',
  bytes: 'bytes received',
  droppedMalformedStun: 'malformed STUN',
  droppedNonRequestStun: 'STUN other than requests',
  droppedStunWithoutUsername: 'STUN without USERNAME',
  droppedStunWithUnknownUsername: 'STUN with an unknown ufrag',
  droppedStunFromTupleInUse: 'STUN from a tuple that another transport uses',
  droppedDataFromUnknownTuple: 'data from an unknown tuple',
  stunSteered: 'STUN steered by ufrag',
  dataSteered: 'data steered by tuple',
  tupleAdded: 'new unverified tuples',
  tupleRestored: 'tuples taken back by their verified owner',
  tupleRejected: 'unverified tuples rejected: another transport has it',
  tupleOverLimit: 'unverified tuples rejected: too many for one ufrag',
  stunTupleInUse: 'STUN from a tuple that another transport uses',
  stunMalformed: 'STUN without a readable ufrag',
  stunUnknownUfrag: 'STUN with an unknown ufrag',
  dataUnknownTuple: 'data from an unknown tuple',
  noWorker: 'the worker is gone',
  unreadable: 'unreadable datagrams',
  accepted: 'connections',
  ice: 'connections for media',
  http: 'connections for HTTP',
  tls: 'connections for HTTPS',
  idle: 'closed: idle',
  unknown: 'neither ICE nor HTTP',
  unknownUfrag: 'STUN with an unknown ufrag',
  notServed: 'not served at this address',
  timeout: 'the first frame took too long',
  unused: 'connections without data',
  closedEarly: 'closed before the first frame',
  overLimit: 'too many connections',
  workerUnreachable: 'the worker is unreachable',
  stalled: 'the client does not read',
  acceptFailed: 'accept failed',
};

/** A counter without a label here is shown by its name. */
export function counterLabel(name: string): string {
  return counterLabels[name] ?? name;
}

/** Names are not unique. The id is, and logs and captures contain it. */
export function peerLabel({
  displayName,
  peerId,
}: Pick<TransportRow, 'displayName' | 'peerId'>): string {
  return displayName === null ? peerId : `${displayName} ${peerId}`;
}

/** The beginning of an id. */
export function shortId(id: string): string {
  return id.length <= 8 ? id : `${id.slice(0, 8)}…`;
}

/** The beginning of a ufrag's random part, which is its last 32 characters. */
export function shortUfrag(ufrag: string): string {
  return `${ufrag.slice(-32).slice(0, 6)}…`;
}

/** Where the counters of ports are not available, why. */
export const countedLabels: Record<Exclude<Counted, 'counted'>, string> = {
  'needs-patched-worker':
    'The packets received and dropped at a port, and further addresses of a client, need the patched worker (npm run worker).',
  'not-counted': 'not counted in this mode',
  'not-known-yet': '…',
};
