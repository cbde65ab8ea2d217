/** Limits on TCP connections. HTTP counts those that are handed to it. */
export interface TcpLimits {
  /** Milliseconds from accept to the end of the first frame. */
  firstFrameMs: number;
  /** Milliseconds for a worker on this machine to accept. */
  connectMs: number;
  /** Milliseconds without a byte in either direction. ICE sends a consent check every few seconds. */
  idleMs: number;
  /**
   * Milliseconds in which a side reads nothing although its buffer is full. A worker buffers all that
   * it cannot send, so a peer that does not read would make it use memory without limit.
   */
  stallMs: number;
  /** Connections to workers, in total. Each has two file descriptors and, when it stalls, about 256 KiB. */
  connections: number;
  /** Connections to workers of one IPv4 address or IPv6 /64, which may be all peers of an office. */
  connectionsPerRemote: number;
  /** Connections whose first frame is incomplete, in total. */
  pending: number;
  pendingPerRemote: number;
}

/** The limits that reject connections. */
export type TcpLimitName = Extract<
  keyof TcpLimits,
  'connections' | 'connectionsPerRemote' | 'pending' | 'pendingPerRemote'
>;

export const defaultTcpLimits: TcpLimits = {
  firstFrameMs: 5_000,
  connectMs: 5_000,
  idleMs: 60_000,
  stallMs: 10_000,
  connections: 4_096,
  connectionsPerRemote: 512,
  pending: 512,
  pendingPerRemote: 64,
};
