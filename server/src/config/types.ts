import type { PortMode } from '@oneport/protocol';
import type { Limits } from './limits.ts';
import type { TrustedProxies } from './schemas.ts';
import type { SettingName, Values } from './settings.ts';

/** The settings as one checked object. */
export interface Config {
  portMode: PortMode;
  /** The setting by which other machines can reach the server. undefined: only this machine does. */
  reachableBy: SettingName | undefined;
  media: MediaConfig;
  http: {
    host: string;
    port: number;
    /** HTTP connections come through the media port's TCP demultiplexer (shared-port only). */
    sharesMediaPort: boolean;
    tls: TlsConfig;
    allowedOrigins: string[];
    /** Of the page, with a slash at both ends. */
    basePath: string;
    /** Origins whose pages may show the call in a frame. */
    embedOrigins: string[];
    /** Addresses and networks whose X-Forwarded-For is trusted. */
    trustedProxies: TrustedProxies;
    /** The value of Strict-Transport-Security; undefined: not sent. */
    hsts: string | undefined;
  };
  auth: AuthConfig;
  turn: TurnConfig | undefined;
  portMap: {
    /** undefined: the token in `tokenFile`, which the server creates if needed. */
    token: string | undefined;
    tokenFile: string;
  };
  /** How a room spreads over workers. */
  spread: {
    maxWorkers: number;
    /** The load of its workers from which on it grows: 0 to 1. */
    growAt: number;
  };
  limits: Limits;
  /** undefined: metrics are not served. */
  metrics: MetricsConfig | undefined;
  drainSeconds: number;
  /** How long a peer without a signalling socket stays in its room. */
  graceMs: number;
  runAsUser: string | undefined;
  logLevel: Values['LOG_LEVEL'];
  /** Settings that are allowed but probably not meant, one sentence each. */
  warnings: string[];
}

export interface MediaConfig {
  /** Empty: 127.0.0.1 and the address of the default route. */
  listenIps: string[];
  /** In order of preference. Empty: the listening addresses. */
  announcedAddresses: string[];
  /** The port of worker 0 in single-port, of all workers in shared-port. */
  port: number;
  /** The port in candidates instead of `port`; in single-port each further worker uses the next one. */
  announcedPort: number | undefined;
  minPort: number;
  maxPort: number;
  numWorkers: number;
  /** undefined: the worker in mediasoup's own installation. */
  workerBin: string | undefined;
  /** In lower-case hex. undefined: any binary will do. */
  workerSha256: string | undefined;
  /** undefined: the worker needs our security patches where other machines can reach the server. */
  workerChoice: Values['ONEPORT_WORKER'];
  iceUfrag: Values['ICE_UFRAG'];
}

export type TlsConfig =
  | { kind: 'none' }
  | { kind: 'self-signed' }
  | { kind: 'files'; certFile: string; keyFile: string };

export interface AuthConfig {
  /** The keys that tokens are verified with. none: rooms are open. */
  keys:
    | { kind: 'none' }
    | { kind: 'secrets'; secrets: string[] }
    | { kind: 'secret-file'; path: string }
    | { kind: 'jwks-url'; url: URL }
    | { kind: 'jwks-file'; path: string };
  /** The required claims; undefined: any. */
  issuer: string | undefined;
  audience: string | undefined;
  /** Seconds that the issuer's clock may differ from ours, both ways. */
  clockSkew: number;
  /** How many days ahead a token's exp may be. */
  maxExpiryDays: number;
}

export interface TurnConfig {
  urls: string[];
  secret: string;
}

export interface MetricsConfig {
  host: string;
  port: number;
  /** undefined: every client that reaches the port may read. Allowed on loopback only. */
  token: string | undefined;
}
