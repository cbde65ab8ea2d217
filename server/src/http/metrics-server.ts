import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { bearerTokenIn, isSameToken } from '../access/operator-token.ts';
import type { MetricsConfig } from '../config/types.ts';
import { ConnectionQuota } from '../net/connection-quota.ts';
import { limitKeyOf } from '../net/ip.ts';
import type { Logger } from '../telemetry/log.ts';
import { listen, metricsSettings } from './listen.ts';

export interface MetricsServerOptions extends MetricsConfig {
  /** Whether a Host header names this server. */
  isKnownHost(host: string | undefined): boolean;
  metrics: { readonly contentType: string; scrape(): Promise<string> };
  log: Logger;
}

/** Prometheus uses one or two connections. */
const connections = { total: 20, perAddress: 5 };

/**
 * Serves /metrics on a port of its own, so that a proxy for the page does not expose it by accident.
 *
 * @throws ConfigError when the port is taken or not permitted, or the address is not of this machine
 */
export async function serveMetrics(options: MetricsServerOptions): Promise<Server> {
  const server = createServer({ requestTimeout: 5_000, headersTimeout: 5_000 }, (...exchange) => {
    answer(...exchange, options).catch((error: unknown) => {
      options.log.error({ error: String(error) }, 'failed to collect metrics');
      reject(exchange[1], 500);
    });
  });
  const quota = new ConnectionQuota(connections.total, connections.perAddress);
  server.on('connection', (socket) => {
    const release = quota.acquire(limitKeyOf(socket.remoteAddress ?? ''));
    if (typeof release === 'string') {
      socket.destroy();
    } else {
      socket.once('close', release);
    }
  });
  await listen(server, options, metricsSettings);
  return server;
}

async function answer(
  { method, url, headers }: IncomingMessage,
  response: ServerResponse,
  { token, isKnownHost, metrics }: MetricsServerOptions,
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
  const text = await metrics.scrape();
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
