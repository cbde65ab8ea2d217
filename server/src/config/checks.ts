import { isIP } from 'node:net';
import { isLoopback } from '../net/ip.ts';
import { assignAnnounced } from './announced-addresses.ts';
import type { SettingName, Values } from './settings.ts';
import type { Config } from './types.ts';

/** A call of two peers needs four transports, with a port each. */
const minPortsPerWorker = 4;
const fewPortsPerWorker = 100;

const keySettings = [
  'AUTH_JWT_SECRET',
  'AUTH_JWT_SECRET_FILE',
  'AUTH_JWKS_URL',
  'AUTH_JWKS_FILE',
] as const satisfies SettingName[];

/** Settings that apply to tokens only. */
const keyRules = [
  'AUTH_ISSUER',
  'AUTH_AUDIENCE',
  'AUTH_CLOCK_SKEW_SECONDS',
  'AUTH_MAX_EXPIRY_DAYS',
] as const satisfies SettingName[];

/**
 * Checks settings against each other.
 *
 * @param config - made from `values`; gets a warning for each setting that is allowed but probably not meant
 * @param values - each right by itself
 * @param given - the settings that the environment sets
 * @returns problems, one line each, for people
 */
export function crossCheck(
  config: Config,
  values: Values,
  given: ReadonlySet<SettingName>,
): string[] {
  return [
    ...checkPairs(values, given),
    ...checkAddresses(config),
    ...checkPortRange(config),
    ...checkPortMode(config),
    ...checkPortClashes(config),
    ...checkReach(config),
    ...checkTcpLimits(config, given),
  ];
}

/** Settings that need each other or exclude each other. */
function checkPairs(values: Values, given: ReadonlySet<SettingName>): string[] {
  const problems: string[] = [];
  const exactlyOneOf = (one: SettingName, other: SettingName) =>
    given.has(one) !== given.has(other);

  if (values.HTTPS === 'self-signed') {
    if (given.has('HTTPS_CERT_FULLCHAIN') || given.has('HTTPS_CERT_PRIVKEY')) {
      problems.push('HTTPS=self-signed and HTTPS_CERT_* exclude each other: unset one of them');
    }
  } else if (exactlyOneOf('HTTPS_CERT_FULLCHAIN', 'HTTPS_CERT_PRIVKEY')) {
    problems.push('HTTPS_CERT_FULLCHAIN and HTTPS_CERT_PRIVKEY need each other: set both');
  }
  if (values.HTTPS === 'off' && given.has('HTTPS') && given.has('HTTPS_CERT_FULLCHAIN')) {
    problems.push('HTTPS=off and HTTPS_CERT_* exclude each other: unset one of them');
  }
  if (given.has('HSTS') && !given.has('HTTPS_CERT_FULLCHAIN')) {
    problems.push(
      'HSTS needs HTTPS_CERT_FULLCHAIN: browsers ignore it over plain HTTP. A TLS proxy sends it itself',
    );
  }
  if (exactlyOneOf('TURN_URLS', 'TURN_SECRET')) {
    problems.push('TURN_URLS and TURN_SECRET need each other: set both');
  }

  const keys = keySettings.filter((name) => given.has(name));
  if (keys.length > 1) {
    problems.push(`${keys.join(' and ')} exclude each other: unset all but one`);
  }
  const claims = keyRules.filter((name) => given.has(name));
  if (keys.length === 0 && claims.length > 0) {
    // Without keys, rooms would be open, contrary to what this setting suggests.
    problems.push(
      `${claims.join(' and ')} without keys has no effect: set one of ${keySettings.join(', ')} too`,
    );
  }

  const { METRICS_PORT, METRICS_HOST, METRICS_TOKEN } = values;
  if (METRICS_PORT === undefined && (given.has('METRICS_HOST') || given.has('METRICS_TOKEN'))) {
    problems.push('METRICS_HOST and METRICS_TOKEN need METRICS_PORT: set it, to 9464 for example');
  }
  if (METRICS_PORT !== undefined && !isLoopback(METRICS_HOST) && METRICS_TOKEN === undefined) {
    problems.push(
      `METRICS_HOST=${METRICS_HOST}: other machines could read the metrics. ` +
        'Set METRICS_TOKEN too, or unset METRICS_HOST',
    );
  }
  return problems;
}

function checkAddresses({ media, warnings }: Config): string[] {
  const { listenIps, announcedAddresses } = media;
  if (announcedAddresses.length > 0 && !announcedAddresses.some((address) => isIP(address))) {
    warnings.push(
      `MEDIASOUP_ANNOUNCED_ADDRESS=${announcedAddresses} has hostnames only. Firefox does not resolve them and ` +
        'gets no media; announce an IP address too',
    );
  }
  // The default is an IPv4 address of this machine, which 127.0.0.1 stands for here.
  const listening = listenIps.length > 0 ? listenIps : ['127.0.0.1'];
  return assignAnnounced(listening, announcedAddresses).problems;
}

function checkPortRange({ portMode, media, warnings }: Config): string[] {
  const { minPort, maxPort, numWorkers } = media;
  const range = `MEDIASOUP_MIN_PORT=${minPort} to MEDIASOUP_MAX_PORT=${maxPort}`;
  const perWorker = Math.floor((maxPort - minPort + 1) / numWorkers);
  if (minPort > maxPort) {
    return [`${range}: the first port is above the last; swap them`];
  }
  if (perWorker < minPortsPerWorker) {
    return [
      `${range}, divided among ${numWorkers} workers: each needs at least ${minPortsPerWorker} ports. ` +
        'Widen the range or lower MEDIASOUP_NUM_WORKERS',
    ];
  }
  if (portMode === 'multi-port' && perWorker < fewPortsPerWorker) {
    warnings.push(
      `${range} gives each worker ${perWorker} ports, and each peer needs two: widen the range ` +
        `for more than ${Math.floor(perWorker / 2)} peers per worker`,
    );
  }
  return [];
}

function checkPortMode({ portMode, media }: Config): string[] {
  const problems: string[] = [];
  if (portMode === 'multi-port' && media.announcedPort) {
    problems.push(
      `MEDIASOUP_ANNOUNCED_PORT=${media.announcedPort} is one port, but in multi-port each transport has its own: ` +
        'unset it and map MEDIASOUP_MIN_PORT to MEDIASOUP_MAX_PORT to the same numbers outside, ' +
        'or unset MEDIASOUP_USE_WEBRTC_SERVER for one port per worker',
    );
  }
  const { platform, arch } = process;
  if (portMode === 'shared-port' && !(platform === 'linux' && /^(x64|arm64)$/.test(arch))) {
    problems.push(
      `MEDIASOUP_USE_WEBRTC_SERVER=shared needs Linux on x64 or arm64, and this is ${platform} on ${arch}: ` +
        'set true, which uses one port per worker',
    );
  }
  return problems;
}

function checkPortClashes({ portMode, media, http, metrics }: Config): string[] {
  const problems: string[] = [];
  const { port, announcedPort, numWorkers } = media;
  const lastPort = port + numWorkers - 1;
  if (portMode === 'single-port') {
    const starts = { MEDIASOUP_PORT: port, MEDIASOUP_ANNOUNCED_PORT: announcedPort ?? 1 };
    for (const [name, first] of Object.entries(starts)) {
      const last = first + numWorkers - 1;
      if (last > 65535) {
        problems.push(
          `${name}=${first} with ${numWorkers} workers would need port ${last}: ` +
            `the highest start is ${65536 - numWorkers}`,
        );
      }
    }
    if (http.port >= port && http.port <= lastPort) {
      problems.push(
        `HTTP_PORT=${http.port} is one of the workers' TCP ports (${port} to ${lastPort}): ` +
          'choose another for one of them, or MEDIASOUP_USE_WEBRTC_SERVER=shared, in which they may be equal',
      );
    }
  }
  const tcpPorts = { HTTP_PORT: [http.port, http.port], MEDIASOUP_PORT: [port, lastPort] };
  for (const [name, [first = 0, last = 0]] of Object.entries(tcpPorts)) {
    if (metrics && metrics.port >= first && metrics.port <= last) {
      problems.push(`METRICS_PORT=${metrics.port} is taken by ${name}: choose another`);
    }
  }
  return problems;
}

/** Warns if a page that other machines can open would not work there. */
function checkReach({ media, http, warnings }: Config): never[] {
  // A trusted proxy means that there is one, and that it does TLS.
  const behindProxy = typeof http.trustedProxies === 'number' || http.trustedProxies.length > 0;
  if (isLoopback(http.host) || behindProxy) {
    return [];
  }
  if (http.tls.kind === 'none') {
    warnings.push(
      `HTTP_HOST=${http.host} without HTTPS: browsers on other machines refuse camera and microphone to plain HTTP, ` +
        'and signalling can be read on the way. Set HTTPS_CERT_FULLCHAIN and HTTPS_CERT_PRIVKEY, or put a ' +
        'TLS proxy in front and name it in TRUST_PROXY',
    );
  }
  // An announced address means that something else forwards media to loopback.
  const { listenIps, announcedAddresses } = media;
  const loopbackOnly = listenIps.length > 0 && listenIps.every(isLoopback);
  if (loopbackOnly && announcedAddresses.length === 0) {
    warnings.push(
      `MEDIASOUP_LISTEN_IP=${listenIps} receives media from this machine only, but other machines can open the page ` +
        `(HTTP_HOST=${http.host}) and would have no audio and video. Add an address that they can reach, or unset it`,
    );
  }
  return [];
}

/** In the other modes the workers accept TCP themselves, without limits. */
function checkTcpLimits({ portMode, warnings }: Config, given: ReadonlySet<SettingName>): never[] {
  const names = [...given].filter((name) => name.startsWith('MAX_TCP_'));
  if (portMode !== 'shared-port' && names.length > 0) {
    warnings.push(
      `${names.join(' and ')} without MEDIASOUP_USE_WEBRTC_SERVER=shared has no effect`,
    );
  }
  return [];
}
