import { loadConfig } from '../../server/src/config/config.ts';
import { type RunningServer, startServer } from '../../server/src/server.ts';
import { createLog } from '../../server/src/telemetry/log.ts';
import { freePorts } from './free-ports.ts';
import { scrape, type ValueOf, valueIn } from './scrape.ts';
import { dashboardToken } from './server-process.ts';

export interface TestServer extends RunningServer {
  url: string;
  /** Where signalling is, without its query. */
  signalling: string;
  /** MEDIASOUP_PORT, as it was chosen. */
  mediaPort: number;
  /** What Prometheus would read; it takes `metrics`. */
  scrape(): Promise<ValueOf>;
}

/**
 * A real server with real workers on ports of its own at 127.0.0.1.
 *
 * @param env - settings that the test is about
 * @param options.metrics - whether metrics are served
 * @param options.httpOnMediaPort - HTTP_PORT is MEDIASOUP_PORT, which shared-port allows
 */
export async function startTestServer(
  env: Record<string, string> = {},
  { metrics = false, httpOnMediaPort = false } = {},
): Promise<TestServer> {
  const numWorkers = Number(env.MEDIASOUP_NUM_WORKERS ?? 1);
  const first = await freePorts(numWorkers + 202);
  const metricsPort = first + numWorkers + 201;
  const config = loadConfig({
    MEDIASOUP_WORKER_BIN: process.env.MEDIASOUP_WORKER_BIN,
    MEDIASOUP_LISTEN_IP: '127.0.0.1',
    MEDIASOUP_NUM_WORKERS: String(numWorkers),
    HTTP_PORT: String(first),
    MEDIASOUP_PORT: String(httpOnMediaPort ? first : first + 1),
    MEDIASOUP_MIN_PORT: String(first + 1 + numWorkers),
    MEDIASOUP_MAX_PORT: String(first + numWorkers + 200),
    DASHBOARD_TOKEN: dashboardToken,
    LOG_LEVEL: 'silent',
    // All of a test's peers have one address.
    MAX_HANDSHAKES_PER_SECOND: '10000',
    ...(metrics && { METRICS_PORT: String(metricsPort) }),
    ...env,
  });
  const server = await startServer(config, createLog(config.logLevel));
  const url = `http://127.0.0.1:${first}`;
  return {
    ...server,
    url,
    signalling: `${url.replace('http', 'ws')}/signalling`,
    mediaPort: config.media.port,
    scrape: async () =>
      valueIn(await scrape(`http://127.0.0.1:${metricsPort}/metrics`, env.METRICS_TOKEN)),
  };
}
