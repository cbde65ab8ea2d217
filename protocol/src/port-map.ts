/**
 * The messages of the server to viewers of the port map: all rows by key at first, then only those that have changed.
 * docs/port-map.md describes its limits.
 */
import { z } from 'zod';
import type { PortMode } from './server-messages.ts';

/** The path of the WebSocket: socket.io's default. */
export const portMapSocketPath = '/socket.io/';

/** The socket.io namespace. */
export const portMapNamespace = '/port-map';

/** The maximum that a viewer receives. */
export const portMapLimits = { ports: 100, transports: 100, searchCharacters: 300 } as const;

/** The part of the port map that a viewer has on view. The server sends no other transports. */
export const lookSchema = z.strictObject({
  /** An address, a port, a ufrag, a peer or a room. Empty: the newest transports. */
  search: z.string().max(portMapLimits.searchCharacters),
  /** The key of a port, for only its transports. */
  port: z.string().max(20).nullable(),
});

export type Look = z.infer<typeof lookSchema>;

/** Why a viewer is rejected: the `message` of socket.io's `connect_error`. */
export const portMapRejections = {
  token: 'token: wrong or missing',
  host: 'Host: not known here',
  full: 'too many viewers',
} as const;

/** Whether packets are counted, which depends on the worker and the port mode. */
export type Counted = 'counted' | 'needs-patched-worker' | 'not-counted' | 'not-known-yet';

export interface PortMapFacts {
  mode: PortMode;
  /** Explains the number of ports. */
  why: string;
  rooms: number;
  /** All open transports, whether sent or not. */
  transports: number;
  ports: number;
  /** UDP and TCP of the same number count once, as in a firewall rule. */
  portNumbers: number;
  /** Those that transports use. */
  usedPortNumbers: number;
  /** Whether workers count the packets that arrive at their ports. */
  counted: Counted;
  /** The `Look` that this answers, and how many transports match it: possibly more than are sent. */
  look: Look;
  matches: number;
}

export interface WorkerRow {
  key: string;
  index: number;
  pid: number;
  /** CPU use: 1 is a whole core. null: not measured yet. */
  cpu: number | null;
  /** Bytes. null: not measured yet, or unknown on this system. */
  memory: number | null;
  rooms: number;
  transports: number;
  /** The keys of the first ports on which it receives. */
  ports: string[];
  /** The number of all its ports. */
  portCount: number;
  rates: Rates | null;
}

/** Per second, as last measured. */
export interface Rates {
  bytesIn: number;
  bytesOut: number;
  /** RTP packets: without STUN, DTLS, RTCP and data channels. */
  packetsIn: number;
  packetsOut: number;
}

export interface PortRow {
  /** Protocol and port, such as `udp 44444`. */
  key: string;
  protocol: 'udp' | 'tcp';
  port: number;
  /** The bound addresses. */
  addresses: string[];
  /** The announced addresses, such as `203.0.113.7:443`. */
  announced: string[];
  /** The indices of the receiving workers. */
  workers: number[];
  /** Transports that can be reached here, and those that are connected here. */
  transports: number;
  connected: number;
  /** Of the connected transports. null: none has been measured yet. */
  rates: Rates | null;
  counts: PortCount[];
}

/** Counts of the packets and connections that arrived at a port. */
export interface PortCount {
  /** Counted by the WebRtcServers of its workers, the eBPF program, or the TCP demultiplexer. */
  by: 'workers' | 'kernel' | 'tcp-demultiplexer';
  handled: Record<string, number>;
  dropped: Record<string, number>;
}

/**
 * How far a client has connected. waiting: no packet with the ufrag has arrived. stun: a STUN request with the ufrag
 * has shown its address. tuple: DTLS has connected, so packets without a ufrag are matched by their tuple. lost: consent
 * has expired.
 */
export type TransportPhase = 'waiting' | 'stun' | 'tuple' | 'lost';

export interface TransportRow {
  key: string;
  roomId: string;
  peerId: string;
  /** null: the peer has not joined yet. */
  displayName: string | null;
  direction: 'send' | 'recv';
  worker: number;
  ufrag: string;
  /** Still valid after an ICE restart, until the first request with the new one. */
  previousUfrag: string | null;
  /** The keys of the ports on which it can be reached. */
  ports: string[];
  phase: TransportPhase;
  /** Milliseconds since 1970 by the server's clock. */
  openedAt: number;
  stunAt: number | null;
  dtlsAt: number | null;
  /** The tuple by which its client is matched. */
  tuple: TupleRow | null;
  /** Other addresses of its client that the worker knows, such as `198.51.100.4:51234`. */
  otherRemotes: string[];
  rates: Rates | null;
}

export interface TupleRow {
  /** The port's key. */
  port: string;
  /** The client's address. */
  address: string;
  remotePort: number;
  since: number;
}

export interface Changes<Row> {
  set: Row[];
  gone: string[];
}

/** The changes since the last update. The server sends the next one after an acknowledgement. */
export interface PortMapUpdate {
  /** Milliseconds since 1970 by the server's clock. */
  at: number;
  facts?: PortMapFacts;
  workers?: Changes<WorkerRow>;
  ports?: Changes<PortRow>;
  transports?: Changes<TransportRow>;
}

export interface PortMapServerEvents {
  update(update: PortMapUpdate, acknowledge: () => void): void;
}

export interface PortMapViewerEvents {
  look(look: Look): void;
}
