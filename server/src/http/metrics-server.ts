import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { bearerTokenIn, isSameToken } from '../access/operator-token.ts';
import type { MetricsConfig } from '../config/types.ts';
import { limitKeyOf } from '../net/ip.ts';
import { Quota } from '../net/quota.ts';
import { RateLimit } from '../net/rate-limit.ts';
import type { Logger } from '../telemetry/log.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import { AddressConnections } from './address-connections.ts';
import { AddressRateLimit } from './address-rate-limit.ts';
import { listen, metricsSettings } from './listen.ts';
import { limitRequests } from './request-limit.ts';

export interface MetricsServerOptions extends MetricsConfig {
  /** Whether a Host header names this server. */
  isKnownHost(host: string | undefined): boolean;
  metrics: { readonly contentType: string; scrape(): Promise<string> };
  /** Of each address, and apart from those to the page, so that these can't keep Prometheus out. */
  requestsPerSecond: number;
  telemetry: Telemetry;
  log: Logger;
}

/** Prometheus uses one or two connections. */
const maxConnections = { total: 20, address: 5 };

/** Of all clients together. Each scrape of a few Prometheus servers gets metrics of its own time. */
const collections = { burst: 20, perSecond: 1 };

/**
 * Serves /metrics on a port of its own, so that a proxy for the page does not expose it by accident.
 *
 * @throws ConfigError when the port is taken or not permitted, or the address is not of this machine
 */
export async function serveMetrics(options: MetricsServerOptions): Promise<Server> {
  const { telemetry, log } = options;
  const rate = new AddressRateLimit(options.requestsPerSecond);
  // No proxy is trusted, because none is needed: Prometheus connects by itself.
  const connections = new AddressConnections({ rate, isTrustedProxy: () => false });
  const remoteAddress = ({ socket }: IncomingMessage) => socket.remoteAddress;
  const scrape = sparingly(() => options.metrics.scrape());
  const onRequest = (request: IncomingMessage, response: ServerResponse) => {
    answer(request, response, { ...options, scrape }).catch((error: unknown) => {
      log.error({ error: String(error) }, 'failed to collect metrics');
      reject(response, 500);
    });
  };
  const server = createServer(
    { requestTimeout: 5_000, headersTimeout: 5_000 },
    limitRequests(onRequest, { rate, connections, remoteAddress, telemetry }),
  );
  connections.track(server);
  const quota = new Quota(maxConnections);
  server.on('connection', (socket) => {
    const { remoteAddress = '' } = socket;
    const release = rate.take(remoteAddress)
      ? quota.acquire({ address: limitKeyOf(remoteAddress) })
      : 'rate';
    if (typeof release === 'string') {
      socket.destroy();
    } else {
      socket.once('close', release);
    }
  });
  await listen(server, options, metricsSettings);
  return server;
}

/** @returns what was collected last, if too many collections have been asked for */
function sparingly(collect: () => Promise<string>): () => Promise<string> {
  const limit = new RateLimit(collections.burst, collections.perSecond);
  let latest: Promise<string> | undefined;
  return () => {
    if (limit.take() || !latest) {
      latest = collect();
    }
    return latest;
  };
}

async function answer(
  { method, url, headers }: IncomingMessage,
  response: ServerResponse,
  { token, isKnownHost, metrics, scrape }: MetricsServerOptions & { scrape(): Promise<string> },
): Promise<void> {
  if (url?.split('?', 1)[0] !== '/metrics') {
    return reject(response, 404);
  }
  if (method !== 'GET' && method !== 'HEAD') {
    return reject(response, 405, { allow: 'GET, HEAD' });
  }
  if (token === undefined) {
    // Against DNS rebinding in a browser on this machine (known-hosts.ts).
    if (!isKnownHost(headers.host)) {
      return reject(response, 403);
    }
  } else if (!isSameToken(bearerTokenIn(headers.authorization), token)) {
    return reject(response, 401, { 'www-authenticate': 'Bearer' });
  }
  const text = await scrape();
  response.writeHead(200, { 'content-type': metrics.contentType, 'cache-control': 'no-store' });
  response.end(text);
}

function reject(
  response: ServerResponse,
  status: number,
  headers: Record<string, string> = {},
): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  response.writeHead(status, { 'content-length': 0, ...headers }).end();
}
