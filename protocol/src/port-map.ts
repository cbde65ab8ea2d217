/**
 * What the port map's page and command are told: rows by key, sent whole at first and then only those
 * that have changed. docs/port-map.md says what bounds it.
 */
import { z } from 'zod';
import type { PortMode } from './server-messages.ts';

/** Where its WebSocket is: socket.io's usual path. */
export const dashboardPath = '/socket.io/';

/** The one namespace of socket.io that there is. */
export const dashboardNamespace = '/dashboard';

/** What a viewer gets at most, however much there is. */
export const dashboardLimits = { ports: 100, transports: 100, searchCharacters: 300 } as const;

/** What a viewer looks at: the server sends no other transports. */
export const lookSchema = z.strictObject({
  /** An address, a port, a ufrag, a peer or a room; empty: the newest of all. */
  search: z.string().max(dashboardLimits.searchCharacters),
  /** The key of a port: only its transports. */
  port: z.string().max(20).nullable(),
});

export type Look = z.infer<typeof lookSchema>;

/** Why a viewer is not let in: `message` of socket.io's `connect_error`. */
export const dashboardRefusals = {
  token: 'token: wrong or missing',
  host: 'Host: not known here',
  full: 'too many viewers',
} as const;

/** What only some workers and port modes can tell. */
export type Counted = 'counted' | 'needs-patched-worker' | 'not-counted' | 'not-known-yet';

export interface DashboardFacts {
  mode: PortMode;
  /** Why there are as many ports as there are. */
  why: string;
  rooms: number;
  /** All that are open, shown or not. */
  transports: number;
  ports: number;
  /** UDP and TCP of one number are one, as for whoever must open it. */
  portNumbers: number;
  /** Whether workers count what comes to their ports. */
  counted: Counted;
  /** The `Look` that this answers, and how many transports suit it: perhaps more than are sent. */
  look: Look;
  matches: number;
}

export interface WorkerRow {
  key: string;
  index: number;
  pid: number;
  /** CPU time for each second: 1 is a whole core. null: not measured yet. */
  cpu: number | null;
  /** Bytes. null: not measured yet, or this system doesn't say. */
  memory: number | null;
  rooms: number;
  transports: number;
  /** Where it listens: keys of ports, the first of them. */
  ports: string[];
  /** How many there are. */
  portCount: number;
  rates: Rates | null;
}

/** For each second, of what could be measured lately. */
export interface Rates {
  bytesIn: number;
  bytesOut: number;
  /** RTP packets: without STUN, DTLS, RTCP and data channels. */
  packetsIn: number;
  packetsOut: number;
}

export interface PortRow {
  /** Protocol and port, such as `udp 44444`; in single-port and multi-port a worker's. */
  key: string;
  protocol: 'udp' | 'tcp';
  port: number;
  /** Where the kernel listens. */
  addresses: string[];
  /** What peers are told, such as `203.0.113.7:443`. */
  announced: string[];
  /** Who receives: their indices. */
  workers: number[];
  /** Transports that may be reached here, and those of them that are. */
  transports: number;
  connected: number;
  /** Of those that are reached here. null: none of them has been measured yet. */
  rates: Rates | null;
  counts: PortCount[];
}

/** What became of what came to a port. */
export interface PortCount {
  /** The WebRtcServers of its workers together, the kernel's program, or the TCP front. */
  by: 'workers' | 'kernel' | 'tcp-demultiplexer';
  handled: Record<string, number>;
  dropped: Record<string, number>;
}

/**
 * How far a client has come. waiting: nobody has come with the ufrag. stun: a STUN request with the ufrag has shown
 * its address. tuple: DTLS has passed, so packets without a ufrag are found by their tuple. lost: consent has expired.
 */
export type TransportPhase = 'waiting' | 'stun' | 'tuple' | 'lost';

export interface TransportRow {
  key: string;
  roomId: string;
  peerId: string;
  /** What it calls itself. null: it has not joined yet. */
  displayName: string | null;
  direction: 'send' | 'recv';
  worker: number;
  ufrag: string;
  /** Still valid after an ICE restart, until a request comes with the new one. */
  previousUfrag: string | null;
  /** Where it may be reached: keys of ports. */
  ports: string[];
  phase: TransportPhase;
  /** Milliseconds since 1970 by the server's clock. */
  openedAt: number;
  stunAt: number | null;
  dtlsAt: number | null;
  /** What its client is known by. */
  tuple: TupleRow | null;
  /** Further addresses of its client's that the worker knows, such as `198.51.100.4:51234`. */
  otherRemotes: string[];
  rates: Rates | null;
}

export interface TupleRow {
  /** The port's key. */
  port: string;
  /** The client's. */
  address: string;
  remotePort: number;
  since: number;
}

export interface Changes<Row> {
  set: Row[];
  gone: string[];
}

/** What has changed since the last one. At most one is on its way: each must be acknowledged. */
export interface DashboardUpdate {
  /** The server's clock, in milliseconds since 1970. */
  at: number;
  facts?: DashboardFacts;
  workers?: Changes<WorkerRow>;
  ports?: Changes<PortRow>;
  transports?: Changes<TransportRow>;
}

export interface DashboardServerEvents {
  update(update: DashboardUpdate, acknowledge: () => void): void;
}

export interface DashboardViewerEvents {
  look(look: Look): void;
}
