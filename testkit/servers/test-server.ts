import { loadConfig } from '../../server/src/config/config.ts';
import { type RunningServer, startServer } from '../../server/src/server.ts';
import { createLog } from '../../server/src/telemetry/log.ts';
import { freePorts } from './free-ports.ts';
import { scrape, type ValueOf, valueIn } from './scrape.ts';
import { portMapToken } from './server-process.ts';

export interface TestServer extends RunningServer {
  url: string;
  /** The signalling URL without its query. */
  signalling: string;
  /** The chosen MEDIASOUP_PORT. */
  mediaPort: number;
  /** Reads the metrics as Prometheus does. Needs `metrics`. */
  scrape(): Promise<ValueOf>;
}

/**
 * Starts a real server with real workers in this process, on free ports at 127.0.0.1.
 *
 * @param env - the settings of the test
 * @param options.metrics - whether to serve metrics
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
    // `npm test` also runs with mediasoup's prebuilt worker.
    ONEPORT_WORKER: process.env.ONEPORT_WORKER ?? 'any',
    MEDIASOUP_LISTEN_IP: '127.0.0.1',
    MEDIASOUP_NUM_WORKERS: String(numWorkers),
    HTTP_PORT: String(first),
    MEDIASOUP_PORT: String(httpOnMediaPort ? first : first + 1),
    MEDIASOUP_MIN_PORT: String(first + 1 + numWorkers),
    MEDIASOUP_MAX_PORT: String(first + numWorkers + 200),
    PORT_MAP_TOKEN: portMapToken,
    LOG_LEVEL: 'silent',
    // All peers of a test have the same address.
    MAX_HANDSHAKES_PER_SECOND: '10000',
    MAX_REQUESTS_PER_SECOND: '10000',
    MAX_ADDRESS_CPU: '100',
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
