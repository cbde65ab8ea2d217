/** Why a connection was closed before a worker or HTTP got it. */
const rejections = [
  /** The first bytes are of no known protocol. */
  'unknown',
  'unknownUfrag',
  /** ICE or HTTP at an address that does not serve it, or HTTP before the HTTP server is ready. */
  'notServed',
  /** The first frame was incomplete when time was up. */
  'timeout',
  /** No byte was received: browsers open spare connections. */
  'unused',
  /** The other side ended the connection before its first frame was complete. */
  'closedEarly',
  'overLimit',
] as const;

export type Rejection = (typeof rejections)[number];

const names = [
  /** Includes connections whose first frame is pending. All others are in the counters up to `tls`. */
  'accepted',
  ...rejections,
  'ice',
  'http',
  'tls',
  /** Connections of `ice` that the server ended. */
  'workerUnreachable',
  'idle',
  'stalled',
] as const;

export type TcpCounters = Record<(typeof names)[number], number>;

export function zeroCounters(): TcpCounters {
  return Object.fromEntries(names.map((name) => [name, 0])) as TcpCounters;
}
