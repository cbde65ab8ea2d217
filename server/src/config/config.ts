import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { crossCheck } from './checks.ts';
import { limitsOf } from './limits.ts';
import { parseSettings } from './parse-settings.ts';
import { reachableBy } from './reachable.ts';
import { defaultHttpHost, type SettingName, type Values } from './settings.ts';
import { ConfigError } from './start-error.ts';
import type { AuthConfig, Config, MetricsConfig, TlsConfig, TurnConfig } from './types.ts';

/**
 * Reads and checks the settings.
 *
 * @param env - the environment; an empty value counts as unset
 * @throws ConfigError that names everything that is wrong
 */
export function loadConfig(env: NodeJS.ProcessEnv): Config {
  const { values, given, problems, warnings } = parseSettings(env);
  // Settings are compared with each other only if each is right by itself.
  failOn(problems);
  const config = { ...configFrom(values, given, cacheFolder(env)), warnings };
  failOn(crossCheck(config, values, given));
  return config;
}

/** As in scripts/setup/paths.mjs, which production code must not import. Its test compares the two. */
function cacheFolder(env: NodeJS.ProcessEnv): string {
  return env.ONEPORT_CACHE
    ? resolve(env.ONEPORT_CACHE)
    : join(env.XDG_CACHE_HOME || join(home(), '.cache'), 'oneport');
}

function home(): string {
  try {
    return homedir();
  } catch {
    throw new ConfigError(
      '  ONEPORT_CACHE: this user has no home folder; set it to a folder for the token of the port map.',
    );
  }
}

function failOn(problems: string[]): void {
  if (problems.length > 0) {
    throw new ConfigError(
      `${problems.map((problem) => `  ${problem}`).join('\n')}\n` +
        'npm start -- --help shows every setting.',
    );
  }
}

function configFrom(
  values: Values,
  given: ReadonlySet<SettingName>,
  cache: string,
): Omit<Config, 'warnings'> {
  const portMode = values.MEDIASOUP_USE_WEBRTC_SERVER;
  const { MEDIASOUP_PORT: mediaPort, HTTP_PORT: httpPort } = values;
  return {
    portMode,
    reachableBy: reachableBy(values, given),
    media: {
      listenIps: values.MEDIASOUP_LISTEN_IP,
      announcedAddresses: values.MEDIASOUP_ANNOUNCED_ADDRESS,
      port: mediaPort,
      announcedPort: values.MEDIASOUP_ANNOUNCED_PORT,
      minPort: values.MEDIASOUP_MIN_PORT,
      maxPort: values.MEDIASOUP_MAX_PORT,
      numWorkers: values.MEDIASOUP_NUM_WORKERS,
      workerBin: values.MEDIASOUP_WORKER_BIN,
      workerSha256: values.MEDIASOUP_WORKER_SHA256,
      workerChoice: values.ONEPORT_WORKER,
      iceUfrag: values.ICE_UFRAG,
    },
    http: {
      host: values.HTTP_HOST ?? defaultHttpHost[values.HTTPS],
      port: httpPort,
      sharesMediaPort: portMode === 'shared-port' && httpPort === mediaPort,
      tls: tlsFrom(values),
      allowedOrigins: values.ALLOWED_ORIGINS,
      basePath: values.BASE_PATH,
      embedOrigins: values.EMBED_ORIGINS,
      trustedProxies: values.TRUST_PROXY,
      hsts: values.HSTS,
    },
    auth: {
      keys: keysFrom(values),
      issuer: values.AUTH_ISSUER,
      audience: values.AUTH_AUDIENCE,
      clockSkew: values.AUTH_CLOCK_SKEW_SECONDS,
      maxExpiryDays: values.AUTH_MAX_EXPIRY_DAYS,
    },
    turn: turnFrom(values),
    portMap: { token: values.PORT_MAP_TOKEN, tokenFile: join(cache, 'port-map-token') },
    spread: { maxWorkers: values.ROOM_WORKERS, growAt: values.ROOM_GROW_AT / 100 },
    limits: limitsOf(values),
    metrics: metricsFrom(values),
    drainSeconds: values.DRAIN_SECONDS,
    graceMs: 1000 * values.RECONNECT_GRACE_SECONDS,
    runAsUser: values.RUN_AS_USER,
    logLevel: values.LOG_LEVEL,
  };
}

function tlsFrom(values: Values): TlsConfig {
  const { HTTPS, HTTPS_CERT_FULLCHAIN: certFile, HTTPS_CERT_PRIVKEY: keyFile } = values;
  if (HTTPS === 'self-signed') {
    return { kind: 'self-signed' };
  }
  return certFile && keyFile ? { kind: 'files', certFile, keyFile } : { kind: 'none' };
}

function keysFrom(values: Values): AuthConfig['keys'] {
  if (values.AUTH_JWT_SECRET) {
    return { kind: 'secrets', secrets: values.AUTH_JWT_SECRET };
  }
  if (values.AUTH_JWT_SECRET_FILE) {
    return { kind: 'secret-file', path: values.AUTH_JWT_SECRET_FILE };
  }
  if (values.AUTH_JWKS_URL) {
    return { kind: 'jwks-url', url: values.AUTH_JWKS_URL };
  }
  if (values.AUTH_JWKS_FILE) {
    return { kind: 'jwks-file', path: values.AUTH_JWKS_FILE };
  }
  return { kind: 'none' };
}

function turnFrom({ TURN_URLS: urls, TURN_SECRET: secret }: Values): TurnConfig | undefined {
  return urls && secret ? { urls, secret } : undefined;
}

function metricsFrom(values: Values): MetricsConfig | undefined {
  const { METRICS_PORT: port, METRICS_HOST: host, METRICS_TOKEN: token } = values;
  return port === undefined ? undefined : { host, port, token };
}
