/** The environment, read once: the settings as one checked object. No other file reads process.env. */
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { cacheFolder } from '../../../scripts/setup/paths.mjs';
import { type AuthConfig, authOf } from './auth-config.ts';
import { checkTogether, isLoopback } from './checks.ts';
import { type Limits, limitsOf } from './limits.ts';
import { fail, parseSettings, unknownNames, type Values } from './settings.ts';

export type { AuthConfig };

export interface TurnConfig {
  urls: string[];
  secret: string;
}

export interface MediaConfig {
  /** Empty: 127.0.0.1 and the address of the default route. */
  listenIps: string[];
  /** In order of preference. Empty: the listening addresses. */
  announcedAddresses: string[];
  /** The port of worker 0 in single-port, of all in shared-port. */
  port: number;
  /** What peers are told instead of it; in single-port the next worker has the next one. Unset: the same. */
  announcedPort: number | undefined;
  minPort: number;
  maxPort: number;
  numWorkers: number;
  /** Unset: where mediasoup's own installation puts it. */
  workerBin: string | undefined;
  /** What ICE username fragments consist of. */
  iceUfrag: 'random' | 'room-and-peer';
}

export type TlsConfig =
  | { kind: 'none' }
  | { kind: 'self-signed' }
  | { kind: 'files'; certFile: string; keyFile: string };

export interface MetricsConfig {
  host: string;
  port: number;
  /** Unset: whoever reaches it may read. Only on loopback. */
  token: string | undefined;
}

export interface Config {
  portMode: 'multi-port' | 'single-port' | 'shared-port';
  media: MediaConfig;
  http: {
    host: string;
    port: number;
    /** In shared-port: HTTP comes through the media port's TCP side. */
    sharesMediaPort: boolean;
    tls: TlsConfig;
    allowedOrigins: string[];
    /** Whose X-Forwarded-For is believed: addresses and networks. */
    trustedProxies: string[];
  };
  /** Who may enter rooms. */
  auth: AuthConfig;
  /** What browsers may use where nothing but TLS gets out. */
  turn: TurnConfig | undefined;
  dashboard: {
    /** Unset: the one in the file, which is made if need be. */
    token: string | undefined;
    tokenFile: string;
  };
  limits: Limits;
  /** Unset: no metrics are served. */
  metrics: MetricsConfig | undefined;
  /** How long open rooms may go on after a signal to stop. */
  drainSeconds: number;
  /** Milliseconds that a peer's place is kept for it without a socket. */
  graceMs: number;
  /** Whom to become when started as root. */
  runAsUser: string | undefined;
  logLevel: NonNullable<Values['LOG_LEVEL']>;
  /** What is allowed, but likely not meant. */
  warnings: string[];
}

const portModes = { true: 'single-port', false: 'multi-port', shared: 'shared-port' } as const;

/**
 * Reads and checks the settings.
 *
 * @param env - the environment; an empty value counts as unset
 * @throws ConfigError naming everything that is wrong with it
 */
export function loadConfig(env: NodeJS.ProcessEnv): Config {
  const values = parseSettings(env);
  const portMode = portModes[values.MEDIASOUP_USE_WEBRTC_SERVER ?? 'true'];
  const mediaPort = values.MEDIASOUP_PORT ?? 44444;
  const httpPort = values.HTTP_PORT ?? 3000;
  const tls = tlsOf(values);
  const config: Config = {
    portMode,
    media: {
      listenIps: values.MEDIASOUP_LISTEN_IP ?? [],
      announcedAddresses: values.MEDIASOUP_ANNOUNCED_ADDRESS ?? [],
      port: mediaPort,
      announcedPort: values.MEDIASOUP_ANNOUNCED_PORT,
      minPort: values.MEDIASOUP_MIN_PORT ?? 40000,
      maxPort: values.MEDIASOUP_MAX_PORT ?? 49999,
      // libuv's count: it knows of CPU affinity and of the container's quota, os.cpus() doesn't.
      numWorkers: values.MEDIASOUP_NUM_WORKERS ?? availableParallelism(),
      workerBin: values.MEDIASOUP_WORKER_BIN,
      iceUfrag: values.ICE_UFRAG ?? 'random',
    },
    http: {
      host: values.HTTP_HOST ?? (tls.kind === 'self-signed' ? '0.0.0.0' : '127.0.0.1'),
      port: httpPort,
      sharesMediaPort: portMode === 'shared-port' && httpPort === mediaPort,
      tls,
      allowedOrigins: values.ALLOWED_ORIGINS ?? [],
      trustedProxies: values.TRUST_PROXY ?? [],
    },
    auth: authOf(values),
    turn: turnOf(values),
    dashboard: {
      token: values.DASHBOARD_TOKEN,
      tokenFile: join(cacheFolder(env), 'dashboard-token'),
    },
    limits: limitsOf(values),
    metrics: metricsOf(values),
    drainSeconds: values.DRAIN_SECONDS ?? 5,
    graceMs: 1000 * (values.RECONNECT_GRACE_SECONDS ?? 30),
    runAsUser: values.RUN_AS_USER,
    logLevel: values.LOG_LEVEL ?? 'info',
    warnings: [],
  };
  config.warnings.push(...unknownNames(env));
  fail(checkTogether(config));
  return config;
}

function turnOf({ TURN_URLS: urls, TURN_SECRET: secret }: Values): TurnConfig | undefined {
  if (!urls && !secret) {
    return undefined;
  }
  if (urls && secret) {
    return { urls, secret };
  }
  fail(['TURN_URLS and TURN_SECRET belong together: set both']);
  return undefined;
}

function tlsOf(values: Values): TlsConfig {
  const certFile = values.HTTPS_CERT_FULLCHAIN;
  const keyFile = values.HTTPS_CERT_PRIVKEY;
  if (values.HTTPS === 'self-signed') {
    if (certFile || keyFile) {
      fail(['HTTPS=self-signed and HTTPS_CERT_*: unset one of them']);
    }
    return { kind: 'self-signed' };
  }
  if (!certFile && !keyFile) {
    return { kind: 'none' };
  }
  if (!certFile || !keyFile) {
    fail(['HTTPS_CERT_FULLCHAIN and HTTPS_CERT_PRIVKEY belong together: set both']);
    return { kind: 'none' };
  }
  return { kind: 'files', certFile, keyFile };
}

function metricsOf(values: Values): MetricsConfig | undefined {
  const { METRICS_PORT: port, METRICS_HOST: host = '127.0.0.1', METRICS_TOKEN: token } = values;
  if (port === undefined) {
    if (values.METRICS_HOST || token) {
      fail(['METRICS_HOST and METRICS_TOKEN need METRICS_PORT: set it, to 9464 for example']);
    }
    return undefined;
  }
  if (!isLoopback(host) && token === undefined) {
    fail([
      `METRICS_HOST=${host}: others could read the metrics. Set METRICS_TOKEN too, or unset METRICS_HOST`,
    ]);
  }
  return { host, port, token };
}
