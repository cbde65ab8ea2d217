/**
 * Every setting with its default and its meaning in one table, out of which both the checked values and
 * `npm start -- --help` are made.
 */
import { isIP } from 'node:net';
import { explain, longestDrainSeconds } from '@oneport/protocol';
import { closest, distance } from 'fastest-levenshtein';
import { compile as compileProxies } from 'proxy-addr';
import { z } from 'zod';
import { announcedAddressesSchema, listenIpsSchema } from './announced-addresses.ts';
import { authVariables } from './auth-settings.ts';
import { limitSettings } from './limits.ts';
import { StartError } from './start-error.ts';
import { turnVariables } from './turn-settings.ts';

/** A wrong setting. */
export class ConfigError extends StartError {
  override name = 'ConfigError';
}

interface Variable {
  /** What stands in for an unset variable, for people to read. */
  default: string;
  meaning: string;
  schema: z.ZodType;
  /** Its value is never shown. */
  secret?: true;
}

const integer = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, `expected a whole number from ${min} to ${max}`)
    .transform(Number)
    .refine((n) => n >= min && n <= max, `expected a whole number from ${min} to ${max}`);

const port = integer(1, 65535);

const ip = z.string().refine((value) => isIP(value) !== 0, 'expected an IPv4 or IPv6 address');

const origins = z
  .string()
  .transform((value) => value.split(',').map((origin) => origin.trim()))
  .pipe(
    z.array(z.string().regex(/^https?:\/\/[^/\s]+$/, 'expected origins such as https://a.example')),
  );

const token = z
  .string()
  .regex(/^[\w.-]{16,128}$/, 'expected 16 to 128 characters out of A-Z, a-z, 0-9, -, . and _');

const proxies = z
  .string()
  .transform((value) => value.split(',').map((proxy) => proxy.trim()))
  .refine(isProxyList, 'expected addresses, networks such as 10.0.0.0/8, or loopback');

const variables = {
  MEDIASOUP_USE_WEBRTC_SERVER: {
    default: 'true',
    meaning:
      'How media is received. true: one port for each worker (single-port). false: a port for each transport (multi-port). shared: one port for all workers (shared-port), which takes Linux, a patched worker and CAP_BPF (docs/shared-port-operation.md).',
    schema: z.enum(['true', 'false', 'shared'], 'expected true, false or shared'),
  },
  MEDIASOUP_PORT: {
    default: '44444',
    meaning:
      'The port of the first worker in single-port, UDP and TCP; the next worker has the next one. In shared-port the one for all.',
    schema: port,
  },
  MEDIASOUP_MIN_PORT: {
    default: '40000',
    meaning:
      "The first port of the range for multi-port's transports, and for plain and pipe transports.",
    schema: integer(1024, 65535),
  },
  MEDIASOUP_MAX_PORT: {
    default: '49999',
    meaning: 'The last port of that range. The range is split evenly over the workers.',
    schema: integer(1024, 65535),
  },
  MEDIASOUP_LISTEN_IP: {
    default: "127.0.0.1 and the default route's address",
    meaning:
      'The addresses of this machine that media is received on, IPv4 and IPv6, split by commas. 0.0.0.0,:: is all of them.',
    schema: listenIpsSchema,
  },
  MEDIASOUP_ANNOUNCED_ADDRESS: {
    default: 'the listening addresses',
    meaning:
      'The addresses that browsers are told, when they are others: behind NAT, in a container. Split by commas, the best first.',
    schema: announcedAddressesSchema,
  },
  MEDIASOUP_ANNOUNCED_PORT: {
    default: 'MEDIASOUP_PORT',
    meaning:
      'The port that browsers are told instead of MEDIASOUP_PORT, UDP and TCP, when it is another outside: a NodePort, a port mapping. In single-port the next worker has the next one. Not for multi-port.',
    schema: port,
  },
  MEDIASOUP_NUM_WORKERS: {
    default: 'one for each core that this process may use',
    meaning: 'How many mediasoup workers to run.',
    schema: integer(1, 256),
  },
  MEDIASOUP_WORKER_BIN: {
    default: 'what set-up got or built',
    meaning: 'The mediasoup-worker program.',
    schema: z.string().min(1),
  },
  ICE_UFRAG: {
    default: 'random',
    meaning:
      'What ICE username fragments consist of. room-and-peer: room and peer id before the random part, so that a packet capture or a load balancer can tell whose a connection is. They travel in clear (docs/ice-ufrag.md). Needs a patched worker.',
    schema: z.enum(['random', 'room-and-peer'], 'expected random or room-and-peer'),
  },
  HTTP_HOST: {
    default: '127.0.0.1 (0.0.0.0 with HTTPS=self-signed)',
    meaning: 'The address that the page and the signalling are served on.',
    schema: ip,
  },
  HTTP_PORT: {
    default: '3000',
    meaning:
      'The port of the page and the signalling. In shared-port it may be MEDIASOUP_PORT: then one TCP port has it all.',
    schema: port,
  },
  HTTPS: {
    default: 'off',
    meaning:
      'self-signed: serve HTTPS with a certificate made at the start, for trying it on a LAN.',
    schema: z.enum(['self-signed', 'off'], 'expected self-signed or off'),
  },
  HTTPS_CERT_FULLCHAIN: {
    default: 'none: plain HTTP',
    meaning: 'A certificate with its chain (PEM file). Needs HTTPS_CERT_PRIVKEY.',
    schema: z.string().min(1),
  },
  HTTPS_CERT_PRIVKEY: {
    default: 'none',
    meaning: 'The private key of that certificate (PEM file).',
    schema: z.string().min(1),
  },
  ALLOWED_ORIGINS: {
    default: 'the host that the page is served from',
    meaning: 'Further origins whose pages may use the signalling, split by commas.',
    schema: origins,
  },
  DASHBOARD_TOKEN: {
    default: 'a random one, kept in the cache folder; npm start prints a link with it',
    meaning:
      'What opens the live port map at /dashboard (docs/port-map.md): 16 to 128 letters, digits, -, . and _.',
    schema: token,
    secret: true,
  },
  ...authVariables,
  ...turnVariables,
  TRUST_PROXY: {
    default: 'none: the address of the connection counts, whatever its headers say',
    meaning:
      'Proxies before the server whose X-Forwarded-For is believed: addresses and networks (10.0.0.0/8, loopback), split by commas. Without it, all peers behind a proxy are one address to MAX_HANDSHAKES_PER_SECOND.',
    schema: proxies,
  },
  METRICS_PORT: {
    default: 'none: no metrics are served',
    meaning:
      'The port of /metrics for Prometheus (docs/metrics.md): plain HTTP, with nothing else on it.',
    schema: port,
  },
  METRICS_HOST: {
    default: '127.0.0.1',
    meaning: 'The address that /metrics is served on. Any but loopback needs METRICS_TOKEN.',
    schema: ip,
  },
  METRICS_TOKEN: {
    default: 'none',
    meaning:
      'What Prometheus must show (Authorization: Bearer): 16 to 128 letters, digits, -, . and _.',
    schema: token,
    secret: true,
  },
  ...limitSettings(integer),
  DRAIN_SECONDS: {
    default: '5',
    meaning:
      'How long the rooms that are open may go on after a signal to stop, in seconds; peers are warned. A second signal stops at once. Give whoever sends SIGKILL at last (systemd, Docker, Kubernetes) 5 seconds more.',
    schema: integer(0, longestDrainSeconds),
  },
  RECONNECT_GRACE_SECONDS: {
    default: '30',
    meaning:
      'How long a peer keeps its place, and its media goes on, when its signalling socket drops. 0: it leaves at once.',
    schema: integer(0, 600),
  },
  RUN_AS_USER: {
    default: 'whoever starts it',
    meaning:
      'The user to become, when started as root, once the certificates are read and the program of shared-port is loaded.',
    schema: z.string().regex(/^[A-Za-z_][A-Za-z0-9_.-]{0,31}$/, 'expected the name of a user'),
  },
  LOG_LEVEL: {
    default: 'info',
    meaning:
      'The least important log lines to print: fatal, error, warn, info or debug. silent: none.',
    schema: z.enum(
      ['fatal', 'error', 'warn', 'info', 'debug', 'silent'],
      'expected fatal, error, warn, info, debug or silent',
    ),
  },
} as const satisfies Record<string, Variable>;

type Name = keyof typeof variables;
/** Those that are set. */
export type Values = { [N in Name]?: z.output<(typeof variables)[N]['schema']> };

/** Names that people know from elsewhere, and what they are called here. */
const renamed: Record<string, Name> = {
  MEDIASOUP_ANNOUNCED_IP: 'MEDIASOUP_ANNOUNCED_ADDRESS',
  PROTOO_LISTEN_PORT: 'HTTP_PORT',
};

/** The settings' names; those of `secret` ones only hold what nobody may read, such as a token. */
export const settingNames: readonly { name: string; secret: boolean }[] = Object.entries<Variable>(
  variables,
).map(([name, { secret = false }]) => ({ name, secret }));

function isProxyList(proxies: string[]): boolean {
  try {
    compileProxies(proxies);
    return true;
  } catch {
    return false;
  }
}

/**
 * Takes the secrets out of an environment, which is handed on to every program that is started, and so to the workers,
 * which read what the network sends.
 *
 * @param env - read already
 */
export function forgetSecrets(env: NodeJS.ProcessEnv): void {
  for (const { name, secret } of settingNames) {
    if (secret) {
      delete env[name];
    }
  }
}

/** The text of `--help`: every variable with its default and meaning. */
export function describeSettings(): string {
  const entries = Object.entries(variables).map(
    ([name, { default: unset, meaning }]) =>
      `  ${name}\n      ${meaning}\n      Default: ${unset}.\n`,
  );
  return `oneport's settings are environment variables:\n\n${entries.join('\n')}`;
}

/**
 * Checks each setting by itself.
 *
 * @param env - the environment; an empty value counts as unset
 * @throws ConfigError naming everything that is wrong with it
 */
export function parseSettings(env: NodeJS.ProcessEnv): Values {
  const problems: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [name, { schema, secret }] of Object.entries<Variable>(variables)) {
    const text = env[name]?.trim();
    if (!text) {
      continue;
    }
    const result = schema.safeParse(text);
    if (result.success) {
      values[name] = result.data;
    } else {
      problems.push(`${name}${secret ? '' : `=${text}`}: ${explain(result.error)}`);
    }
  }
  for (const [old, name] of Object.entries(renamed)) {
    if (env[old]) {
      problems.push(`${old} is called ${name} here: set that instead`);
    }
  }
  for (const name of strangers(env)) {
    const meant = nearest(name);
    if (meant) {
      problems.push(`${name} is no setting: did you mean ${meant}?`);
    }
  }
  fail(problems);
  return values as Values;
}

/** mediasoup's own, for its installation and its build: they mean something, but not to the server. */
const mediasoupsOwn =
  /^MEDIASOUP_(WORKER_PREBUILT_|SKIP_|FORCE_|LOCAL_DEV|BUILDTYPE|MAX_CORES|OUT_DIR)/;

/** A setting that nobody knows would be a default in silence: a warning for each. */
export function unknownNames(env: NodeJS.ProcessEnv): string[] {
  return strangers(env).map(
    (name) => `${name} is no setting of oneport's: npm start -- --help shows every one.`,
  );
}

/** Called as ours are, and none of them. */
function strangers(env: NodeJS.ProcessEnv): string[] {
  return Object.keys(env).filter(
    (name) =>
      /^(MEDIASOUP|AUTH)_/.test(name) &&
      !mediasoupsOwn.test(name) &&
      !Object.hasOwn(variables, name) &&
      !Object.hasOwn(renamed, name),
  );
}

/** What was misspelt. Short names may be somebody else's: AUTH_USER is not far from AUTH_ISSUER. */
function nearest(name: string): string | undefined {
  if (name.length < 12) {
    return undefined;
  }
  const meant = closest(name, Object.keys(variables));
  return distance(name, meant) <= 2 ? meant : undefined;
}

/** @throws ConfigError unless there is no problem */
export function fail(problems: string[]): void {
  if (problems.length > 0) {
    throw new ConfigError(
      `${problems.map((problem) => `  ${problem}`).join('\n')}\n` +
        'npm start -- --help shows every setting.',
    );
  }
}
