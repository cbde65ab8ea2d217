/**
 * All settings: the one place where a setting's name, its values, its default and its help text are declared.
 * `npm start -- --help`, the checks, and the tables in docs/ and README.md follow from it.
 */
import { availableParallelism } from 'node:os';
import { longestDrainSeconds, type PortMode } from '@oneport/protocol';
import { z } from 'zod';
import { announcedAddressesSchema, listenIpsSchema } from './announced-addresses.ts';
import { jwtSecrets } from './jwt-secrets.ts';
import {
  basePath,
  bearerToken,
  hsts,
  integer,
  ip,
  jwksUrl,
  origins,
  path,
  port,
  proxies,
  sha256,
  turnUrls,
  userName,
} from './schemas.ts';

export interface Setting {
  /** Parses the variable's text. undefined stands for an unset variable, so the default is part of the schema. */
  schema: z.ZodType;
  help: string;
  /** Describes the default where the schema has no literal one. */
  unset?: string;
  /** Kept out of logs, error messages and the environment of workers. */
  secret?: true;
}

type Group = Record<string, Setting>;

const portModes = {
  true: 'single-port',
  false: 'multi-port',
  shared: 'shared-port',
} as const satisfies Record<string, PortMode>;

const media = {
  MEDIASOUP_USE_WEBRTC_SERVER: {
    help: 'The port mode. true: one port per worker (single-port). false: one port per transport (multi-port). shared: one port for all workers (shared-port); needs Linux, a patched worker and CAP_BPF (docs/shared-port-operation.md).',
    schema: z
      .enum(['true', 'false', 'shared'], 'expected true, false or shared')
      .transform((text) => portModes[text])
      .prefault('true'),
  },
  MEDIASOUP_PORT: {
    help: 'The UDP and TCP port for media. In single-port, the first worker uses it, and each further worker the next port. In shared-port it is the only one.',
    schema: port.prefault('44444'),
  },
  MEDIASOUP_MIN_PORT: {
    help: 'The first port of the range for WebRtcTransports in multi-port, for plain and pipe transports in every mode, and for a port per worker on loopback in shared-port.',
    schema: integer(1024, 65535).prefault('40000'),
  },
  MEDIASOUP_MAX_PORT: {
    help: 'The last port of that range. The range is divided evenly among the workers.',
    schema: integer(1024, 65535).prefault('49999'),
  },
  MEDIASOUP_LISTEN_IP: {
    help: 'The addresses of this machine that receive media, IPv4 and IPv6, separated by commas. 0.0.0.0,:: means all addresses.',
    schema: listenIpsSchema.default([]),
    unset: "127.0.0.1 and the default route's address",
  },
  MEDIASOUP_ANNOUNCED_ADDRESS: {
    help: 'The addresses or hostnames in ICE candidates, if they differ from the listening addresses, as behind NAT or in a container. Separated by commas, the best first.',
    schema: announcedAddressesSchema.default([]),
    unset: 'the listening addresses',
  },
  MEDIASOUP_ANNOUNCED_PORT: {
    help: 'The UDP and TCP port in ICE candidates, if it differs from MEDIASOUP_PORT, as with a NodePort or a port mapping. In single-port each further worker uses the next port. Not available in multi-port.',
    schema: port.optional(),
    unset: 'MEDIASOUP_PORT',
  },
  MEDIASOUP_NUM_WORKERS: {
    help: 'The number of mediasoup workers.',
    // libuv counts what CPU affinity and the container's quota leave; os.cpus() does not.
    schema: integer(1, 256).prefault(() => String(availableParallelism())),
    unset: 'one for each core that this process may use',
  },
  ROOM_WORKERS: {
    help: 'The most workers that one room uses, 1 to 256. Its producers are copied to each worker where they are watched (docs/large-rooms.md).',
    schema: integer(1, 256).prefault('4'),
  },
  ROOM_GROW_AT: {
    help: "The load of a room's workers, in percent, 0 to 100, from which on its new peers go to another worker: 100 is MAX_WORKER_CPU, or 500 consumers. 0: new peers spread at once.",
    schema: integer(0, 100).prefault('60'),
  },
  MEDIASOUP_WORKER_BIN: {
    help: 'The path of the mediasoup-worker binary.',
    schema: path.optional(),
    unset: 'the worker that set-up downloaded or built',
  },
  MEDIASOUP_WORKER_SHA256: {
    help: 'The SHA-256 that the mediasoup-worker binary must have, in hex. The server refuses to start with any other (docs/worker.md).',
    schema: sha256.optional(),
    unset: 'any',
  },
  ONEPORT_WORKER: {
    help: 'patched: only a worker with our security patches, which is required anyway where other machines can reach the server. any: accept a worker without them there too. tree, tree:debug, tree:asan: the worker of npm run patch (docs/worker.md).',
    schema: z
      .enum(
        ['patched', 'any', 'tree', 'tree:release', 'tree:debug', 'tree:asan'],
        'expected patched, any, tree, tree:debug or tree:asan',
      )
      .optional(),
    unset: 'patched where other machines can reach the server, otherwise any',
  },
  MEDIASOUP_BATCH: {
    help: '0: workers receive and send each UDP datagram by a system call of its own, to compare or in case of trouble. 1: they batch datagrams (docs/worker.md).',
    schema: z.enum(['0', '1'], 'expected 0 or 1').prefault('1'),
  },
  ICE_UFRAG: {
    help: 'The form of ICE username fragments. room-and-peer puts the room id and the peer id before the random part, so that a packet capture or a load balancer can identify a connection. They are sent in clear text (docs/ice-ufrag.md). Needs a patched worker.',
    schema: z
      .enum(['random', 'room-and-peer'], 'expected random or room-and-peer')
      .prefault('random'),
  },
} as const satisfies Group;

/** HTTP_HOST by HTTPS: a self-signed certificate is for trying oneport from other machines of a LAN. */
export const defaultHttpHost = { off: '127.0.0.1', 'self-signed': '0.0.0.0' } as const;

const http = {
  HTTP_HOST: {
    help: 'The address that serves the page and signalling.',
    schema: ip.optional(),
    unset: `${defaultHttpHost.off}, or ${defaultHttpHost['self-signed']} with HTTPS=self-signed`,
  },
  HTTP_PORT: {
    help: 'The port that serves the page and signalling. In shared-port it may equal MEDIASOUP_PORT; then one TCP port serves everything.',
    schema: port.prefault('3000'),
  },
  HTTPS: {
    help: 'self-signed: serve HTTPS with a certificate that is generated at the start, to try oneport on a LAN.',
    schema: z.enum(['self-signed', 'off'], 'expected self-signed or off').prefault('off'),
  },
  HTTPS_CERT_FULLCHAIN: {
    help: 'The path of the certificate with its chain (PEM). Needs HTTPS_CERT_PRIVKEY.',
    schema: path.optional(),
    unset: 'none, plain HTTP',
  },
  HTTPS_CERT_PRIVKEY: {
    help: 'The path of the private key of that certificate (PEM).',
    schema: path.optional(),
    unset: 'none',
  },
  ALLOWED_ORIGINS: {
    help: "Further origins whose pages may open WebSockets to this server, separated by commas. Their names, addresses, this machine's own name and those of the certificate are the only hosts that it answers to.",
    schema: origins.default([]),
    unset: 'only pages of this server',
  },
  BASE_PATH: {
    help: 'The path of the page behind a proxy that also serves other pages, such as /calls/. The proxy may pass it on or remove it.',
    schema: basePath.prefault('/'),
  },
  HSTS: {
    help: 'Strict-Transport-Security for responses over HTTPS, such as max-age=31536000: browsers then refuse plain HTTP at every port of this host, and with includeSubDomains at all hosts below. They keep it that long.',
    schema: hsts.optional(),
    unset: 'none, the header is not sent',
  },
  EMBED_ORIGINS: {
    help: 'The origins whose pages may show the call in a frame, separated by commas.',
    schema: origins.default([]),
    unset: 'none',
  },
  TRUST_PROXY: {
    help: 'The proxies in front of the server whose X-Forwarded-For and X-Forwarded-Proto are trusted: addresses and networks (192.0.2.7, 10.1.2.0/24, loopback), separated by commas; or their number, 1 to 9, if clients reach the server only through them. Without it, limits per address count all clients behind a proxy as one.',
    schema: proxies.default([]),
    unset: 'none',
  },
  PORT_MAP_TOKEN: {
    help: 'The token that opens the port map at /port-map (docs/port-map.md): 16 to 128 letters, digits, -, . and _.',
    schema: bearerToken.optional(),
    unset: 'a random token, kept in the cache folder; npm start prints a link with it',
    secret: true,
  },
} as const satisfies Group;

const auth = {
  AUTH_JWT_SECRET: {
    help: 'The secrets that tokens may be signed with (HS256): 32 to 512 characters each, separated by commas; several are valid at once during a rotation. If it is set, rooms require a token (docs/tokens.md).',
    schema: jwtSecrets.optional(),
    unset: 'none, rooms are open',
    secret: true,
  },
  AUTH_JWT_SECRET_FILE: {
    help: 'Instead: the path of a file with such secrets, one per line. It is read again after each change.',
    schema: path.optional(),
    unset: 'none',
  },
  AUTH_JWKS_URL: {
    help: 'Instead: the URL of the public keys of the issuer of tokens (JWK Set, RFC 7517). Keys are fetched every 10 minutes and when a token has an unknown key id.',
    schema: jwksUrl.optional(),
    unset: 'none',
  },
  AUTH_JWKS_FILE: {
    help: 'Instead: the path of a file with such keys. It is read again after each change.',
    schema: path.optional(),
    unset: 'none',
  },
  AUTH_ISSUER: {
    help: 'The required iss claim of tokens.',
    schema: z.string().max(512).optional(),
    unset: 'any issuer',
  },
  AUTH_AUDIENCE: {
    help: 'The required aud claim of tokens. Set it if the issuer also signs tokens for other services.',
    schema: z.string().max(512).optional(),
    unset: 'any audience',
  },
  AUTH_CLOCK_SKEW_SECONDS: {
    help: "How far the issuer's clock may differ from this machine's, in seconds, 0 to 300. Tokens are valid so much earlier and longer.",
    schema: integer(0, 300).prefault('5'),
  },
  AUTH_MAX_EXPIRY_DAYS: {
    help: "How many days ahead a token's exp may be, 1 to 36500. A later one is rejected: it is probably in milliseconds, and exp is in seconds.",
    schema: integer(1, 36_500).prefault('366'),
  },
} as const satisfies Group;

const turn = {
  TURN_URLS: {
    help: 'TURN servers for clients that cannot reach the media ports, separated by commas: turn:turn.example:3478, turns:turn.example:443?transport=tcp. Needs TURN_SECRET.',
    schema: turnUrls.optional(),
    unset: 'none',
  },
  TURN_SECRET: {
    help: "The secret that clients' TURN passwords are derived from: 16 to 512 characters, the same as coturn's static-auth-secret. A password is valid for a day, but no longer than the token.",
    schema: z
      .string()
      .min(16, 'expected at least 16 characters')
      .max(512, 'expected at most 512 characters')
      .optional(),
    unset: 'none',
    secret: true,
  },
} as const satisfies Group;

const metrics = {
  METRICS_PORT: {
    help: 'The port of /metrics for Prometheus (docs/metrics.md): plain HTTP that serves nothing else.',
    schema: port.optional(),
    unset: 'none, metrics are not served',
  },
  METRICS_HOST: {
    help: 'The address that serves /metrics. Any address other than loopback needs METRICS_TOKEN.',
    schema: ip.prefault('127.0.0.1'),
  },
  METRICS_TOKEN: {
    help: 'The token that Prometheus must send (Authorization: Bearer): 16 to 128 letters, digits, -, . and _.',
    schema: bearerToken.optional(),
    unset: 'none',
    secret: true,
  },
} as const satisfies Group;

/** In lower case without MAX_, a name is the limit's label in metrics and in the log (limits.ts). */
export const limitSettings = {
  MAX_ROOMS: {
    help: 'Open rooms.',
    schema: integer(1, 1_000_000).prefault('1000'),
  },
  MAX_ROOMS_PER_SUBJECT: {
    help: 'Of those, opened with tokens of one subject.',
    schema: integer(1, 1_000_000).prefault('20'),
  },
  MAX_ROOMS_PER_ADDRESS: {
    help: 'Of those, opened from one IPv4 address or IPv6 /64. Behind a proxy, set TRUST_PROXY.',
    schema: integer(1, 1_000_000).prefault('100'),
  },
  MAX_PEERS_PER_ROOM: {
    help: 'Peers per room.',
    schema: integer(1, 10_000).prefault('100'),
  },
  MAX_TRANSPORTS_PER_PEER: {
    help: 'Transports per peer: one to send, one to receive. With 1, a peer may do only one of the two.',
    schema: integer(1, 2).prefault('2'),
  },
  MAX_MESSAGES_PER_SECOND: {
    help: 'Signalling messages, pings and pongs per peer and second. Bursts may have six times as many.',
    schema: integer(1, 10_000).prefault('50'),
  },
  MAX_QUEUED_REQUESTS: {
    help: 'Requests of a peer that wait for earlier ones.',
    schema: integer(1, 10_000).prefault('200'),
  },
  MAX_MESSAGE_BYTES: {
    help: 'Bytes per signalling message. The largest regular one, a join with all codecs, has about 10,000.',
    schema: integer(16_384, 16_777_216).prefault('131072'),
  },
  MAX_UNSENT_BYTES: {
    help: 'Bytes queued for a peer that does not read its signalling socket.',
    schema: integer(65_536, 1_073_741_824).prefault('4194304'),
  },
  MAX_PEER_CPU: {
    help: "CPU of the server's main thread that one peer's signalling may use, in percent of a core. A peer beyond it waits. 100 turns this limit off.",
    schema: integer(1, 100).prefault('10'),
  },
  MAX_ADDRESS_CPU: {
    help: 'The same for all peers from one IPv4 address or IPv6 /64. Behind a proxy, set TRUST_PROXY. 100 turns this limit off.',
    schema: integer(1, 100).prefault('50'),
  },
  MAX_HANDSHAKES_PER_SECOND: {
    help: 'WebSocket handshakes per second from one IPv4 address or IPv6 /64. Bursts may have twenty times as many. Behind a proxy, set TRUST_PROXY.',
    schema: integer(1, 100_000).prefault('10'),
  },
  MAX_REQUESTS_PER_SECOND: {
    help: 'HTTP requests and new connections per second from one IPv4 address or IPv6 /64. Bursts may have twenty times as many. Behind a proxy, set TRUST_PROXY.',
    schema: integer(1, 1_000_000).prefault('100'),
  },
  MAX_WORKER_CPU: {
    help: 'CPU of a worker, in percent of a core over five seconds. No room is opened on a worker above it or grows onto it. 100 turns this limit off.',
    schema: integer(1, 100).prefault('90'),
  },
  MAX_HTTP_CONNECTIONS: {
    help: 'HTTP connections, WebSockets included. They are fewer if the process may not open enough files (ulimit -n).',
    schema: integer(1, 1_000_000).prefault('10000'),
  },
  MAX_HTTP_CONNECTIONS_PER_ADDRESS: {
    help: 'Of those, from one IPv4 address or IPv6 /64, unless TRUST_PROXY names it.',
    schema: integer(1, 1_000_000).prefault('1000'),
  },
  MAX_TCP_CONNECTIONS: {
    help: 'In shared-port: TCP media connections. They are fewer if the process may not open enough files.',
    schema: integer(1, 1_000_000).prefault('4096'),
  },
  MAX_TCP_CONNECTIONS_PER_ADDRESS: {
    help: 'Of those, from one IPv4 address or IPv6 /64.',
    schema: integer(1, 1_000_000).prefault('512'),
  },
  MAX_TCP_PENDING: {
    help: 'In shared-port: TCP connections that have not sent their first bytes.',
    schema: integer(1, 1_000_000).prefault('512'),
  },
  MAX_TCP_PENDING_PER_ADDRESS: {
    help: 'Of those, from one IPv4 address or IPv6 /64.',
    schema: integer(1, 1_000_000).prefault('64'),
  },
} as const satisfies Group;

const operation = {
  DRAIN_SECONDS: {
    help: 'How long active rooms may continue after SIGTERM, in seconds. Peers are warned. A second signal stops the server at once. Let systemd, Docker or Kubernetes wait 5 seconds longer before SIGKILL.',
    schema: integer(0, longestDrainSeconds).prefault('5'),
  },
  RECONNECT_GRACE_SECONDS: {
    help: 'How long a peer stays in its room, with its media, after its signalling socket drops, in seconds. 0 removes it at once.',
    schema: integer(0, 600).prefault('30'),
  },
  RUN_AS_USER: {
    help: 'The user to switch to when started as root, after the certificates are read and the eBPF program of shared-port is loaded.',
    schema: userName.optional(),
    unset: 'the user who starts the server',
  },
  LOG_LEVEL: {
    help: 'The lowest level to log: fatal, error, warn, info or debug. silent logs nothing.',
    schema: z
      .enum(
        ['fatal', 'error', 'warn', 'info', 'debug', 'silent'],
        'expected fatal, error, warn, info, debug or silent',
      )
      .prefault('info'),
  },
} as const satisfies Group;

export const settings = {
  ...media,
  ...http,
  ...auth,
  ...turn,
  ...metrics,
  ...limitSettings,
  ...operation,
};

export type SettingName = keyof typeof settings;

/** The parsed values, with defaults for unset settings. */
export type Values = { [N in SettingName]: z.output<(typeof settings)[N]['schema']> };

/** By title, in the order of `--help`. */
export const settingGroups: Readonly<Record<string, Group>> = {
  Media: media,
  'Page and signalling': http,
  'Access tokens': auth,
  TURN: turn,
  Metrics: metrics,
  Limits: limitSettings,
  Operation: operation,
};

/** @returns the default as text that the setting may be set to; undefined if its default is no such text */
export function literalDefault({ schema, unset }: Setting): string | undefined {
  const literal = schema instanceof z.ZodPrefault ? schema.def.defaultValue : undefined;
  return unset === undefined && typeof literal === 'string' ? literal : undefined;
}
