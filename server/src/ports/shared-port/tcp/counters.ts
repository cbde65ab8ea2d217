/** Why a connection was closed before anybody got it. */
const refusals = [
  /** First bytes of nothing that is known here. */
  'unknown',
  'unknownUfrag',
  /** ICE or HTTP at an address where that isn't served, or HTTP before it is. */
  'notServed',
  /** Its first frame took too long. */
  'timeout',
  /** Nothing came: browsers open connections that they then need not. */
  'unused',
  /** Ended by the other side before its first frame was whole. */
  'closedEarly',
  'overLimit',
] as const;

export type Refusal = (typeof refusals)[number];

const names = [
  /** Each is then waiting for its first frame, refused, or handed over as one of the next three. */
  'accepted',
  ...refusals,
  'ice',
  'http',
  'tls',
  /** Of `ice`: those that were ended neither by the peer nor by the worker. */
  'workerUnreachable',
  'idle',
  'stalled',
] as const;

/** What became of TCP connections. */
export type TcpFrontCounters = Record<(typeof names)[number], number>;

export function zeroCounters(): TcpFrontCounters {
  return Object.fromEntries(names.map((name) => [name, 0])) as TcpFrontCounters;
}
