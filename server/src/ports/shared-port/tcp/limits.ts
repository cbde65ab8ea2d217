/** What TCP connections may take of the server. Those that HTTP has got are HTTP's, and not counted. */
export interface TcpFrontLimits {
  /** Milliseconds from accept to the end of the first frame. */
  firstFrameMs: number;
  /** Milliseconds for a worker to accept: it is on this machine. */
  connectMs: number;
  /** Milliseconds without a byte in either direction. ICE checks its connection every few seconds. */
  idleMs: number;
  /**
   * Milliseconds in which a side that has been sent more than fits reads nothing of it. A worker keeps
   * all that it can't send, so a peer that doesn't read would cost it memory without end.
   */
  stallMs: number;
  /** Connections in all. Each has two file descriptors and, if it stalls, 256 KiB or so. */
  connections: number;
  /** Of them, those of one IPv4 address or IPv6 /64: all peers of an office, with a few connections each. */
  connectionsPerRemote: number;
  /** Of them, those whose first frame hasn't come. */
  waiting: number;
  waitingPerRemote: number;
}

export const tcpFrontLimits: TcpFrontLimits = {
  firstFrameMs: 5_000,
  connectMs: 5_000,
  idleMs: 60_000,
  stallMs: 10_000,
  connections: 4_096,
  connectionsPerRemote: 512,
  waiting: 512,
  waitingPerRemote: 64,
};
