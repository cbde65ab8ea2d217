import { isIP } from 'node:net';
import { assignAnnounced } from './announced-addresses.ts';
import type { Config } from './config.ts';

/** A call of two needs as many transports, each with a port of its own. */
const minPortsPerWorker = 4;
const fewPortsPerWorker = 100;

/**
 * Checks settings against each other.
 *
 * @param config - each setting right by itself; what is allowed but likely not meant is added to its warnings
 * @returns what is wrong, for people
 */
export function checkTogether({ portMode, media, http, metrics, warnings }: Config): string[] {
  const problems: string[] = [];
  const { listenIps, announcedAddresses, minPort, maxPort, numWorkers } = media;
  const lastPort = media.port + numWorkers - 1;

  // Unset, media is received on IPv4 addresses of this machine: 127.0.0.1 stands for them here.
  const listening = listenIps.length > 0 ? listenIps : ['127.0.0.1'];
  problems.push(...assignAnnounced(listening, announcedAddresses).problems);
  if (announcedAddresses.length > 0 && !announcedAddresses.some((address) => isIP(address))) {
    warnings.push(
      `MEDIASOUP_ANNOUNCED_ADDRESS=${announcedAddresses} has hostnames only: Chromium resolves them, ` +
        'Firefox does not and will get no media. Announce an IP address too, to serve both.',
    );
  }

  const perWorker = Math.floor((maxPort - minPort + 1) / numWorkers);
  if (minPort > maxPort) {
    problems.push(
      `MEDIASOUP_MIN_PORT=${minPort} lies above MEDIASOUP_MAX_PORT=${maxPort}: exchange them`,
    );
  } else if (perWorker < minPortsPerWorker) {
    problems.push(
      `MEDIASOUP_MIN_PORT=${minPort} to MEDIASOUP_MAX_PORT=${maxPort}, split over ${numWorkers} ` +
        `workers: each needs at least ${minPortsPerWorker} ports. Widen the range or lower MEDIASOUP_NUM_WORKERS`,
    );
  } else if (portMode === 'multi-port' && perWorker < fewPortsPerWorker) {
    warnings.push(
      `Each worker has ${perWorker} ports for its transports, and each peer takes two: widen ` +
        `MEDIASOUP_MIN_PORT (${minPort}) to MEDIASOUP_MAX_PORT (${maxPort}) for more than ` +
        `${Math.floor(perWorker / 2)} peers a worker.`,
    );
  }

  if (portMode === 'multi-port' && media.announcedPort) {
    problems.push(
      `MEDIASOUP_ANNOUNCED_PORT=${media.announcedPort} is one port, but in multi-port each transport has its own: ` +
        'unset it and map MEDIASOUP_MIN_PORT to MEDIASOUP_MAX_PORT to the same numbers outside, ' +
        'or unset MEDIASOUP_USE_WEBRTC_SERVER, which makes a port for each worker',
    );
  }
  const { platform, arch } = process;
  if (portMode === 'shared-port' && !(platform === 'linux' && /^(x64|arm64)$/.test(arch))) {
    problems.push(
      `MEDIASOUP_USE_WEBRTC_SERVER=shared takes Linux on x64 or arm64, and this is ${platform} on ${arch}: ` +
        'true, a port for each worker, works here',
    );
  }
  if (portMode === 'single-port') {
    const ranges = {
      MEDIASOUP_PORT: media.port,
      MEDIASOUP_ANNOUNCED_PORT: media.announcedPort ?? 1,
    };
    for (const [name, first] of Object.entries(ranges)) {
      const last = first + numWorkers - 1;
      if (last <= 65535) {
        continue;
      }
      problems.push(
        `${name}=${first} with ${numWorkers} workers would need port ${last}: ` +
          `the highest start is ${65536 - numWorkers}`,
      );
    }
    if (http.port >= media.port && http.port <= lastPort) {
      problems.push(
        `HTTP_PORT=${http.port} is one of the workers' TCP ports (${media.port} to ${lastPort}): ` +
          'choose another for one of them, or MEDIASOUP_USE_WEBRTC_SERVER=shared, which lets both be one',
      );
    }
  }
  const tcpPorts = { HTTP_PORT: [http.port, http.port], MEDIASOUP_PORT: [media.port, lastPort] };
  for (const [name, [first = 0, last = 0]] of Object.entries(tcpPorts)) {
    if (metrics && metrics.port >= first && metrics.port <= last) {
      problems.push(`METRICS_PORT=${metrics.port} is taken by ${name}: choose another`);
    }
  }
  // Who trusts a proxy has one, and it has TLS.
  const behindProxy = http.trustedProxies.length > 0;
  if (http.tls.kind === 'none' && !isLoopback(http.host) && !behindProxy) {
    warnings.push(
      `HTTP_HOST=${http.host} without HTTPS: browsers on other machines give no camera and no microphone to plain ` +
        'HTTP, and what is said to the server can be read on the way. Set HTTPS_CERT_FULLCHAIN and ' +
        'HTTPS_CERT_PRIVKEY, or put a proxy with TLS before it and name it in TRUST_PROXY.',
    );
  }
  // Announced is an address where something else passes media on.
  const onlyHere = listenIps.length > 0 && listenIps.every(isLoopback);
  if (onlyHere && announcedAddresses.length === 0 && !isLoopback(http.host) && !behindProxy) {
    warnings.push(
      `MEDIASOUP_LISTEN_IP=${listenIps} is reached from this machine alone, and the page from others too ` +
        `(HTTP_HOST=${http.host}): there nobody will be seen or heard. Add the address that they reach this machine by, ` +
        'or unset it.',
    );
  }
  return problems;
}

/** Whether only this machine reaches it. @param ip - an address */
export function isLoopback(ip: string): boolean {
  return ip === '::1' || ip.startsWith('127.');
}
