/** The composition root: settings -> parts -> listen -> stop. The only file that knows them all. */
import type { Server } from 'node:http';
import { dashboardPath, signallingPath } from '@oneport/protocol';
import { type Authenticator, createAuthenticator } from './access/authenticator.ts';
import { loadOrGenerateToken } from './access/operator-token.ts';
import type { Config } from './config/types.ts';
import { acceptInto } from './http/accept-into.ts';
import { builtApp, createApp } from './http/app.ts';
import { knownHosts } from './http/known-hosts.ts';
import { createServer, listen, pageUrls } from './http/listen.ts';
import { serveMetrics } from './http/metrics-server.ts';
import { remoteAddressOf } from './http/remote-address.ts';
import { loadKeyPair } from './http/tls.ts';
import { routeUpgrades } from './http/upgrade.ts';
import { checkWorkerPatches } from './media/worker-patches.ts';
import { WorkerPool } from './media/worker-pool.ts';
import { Metrics } from './metrics/metrics.ts';
import { PortMapServer } from './port-map/port-map-server.ts';
import { createMediaPorts } from './ports/create.ts';
import type { MediaPorts } from './ports/types.ts';
import { type DrainOptions, drain } from './rooms/drain.ts';
import { Rooms } from './rooms/rooms.ts';
import { becomeUser, findUser } from './run-as-user.ts';
import { createSignalling } from './signalling/signalling-server.ts';
import { logLimitHits } from './telemetry/limit-log.ts';
import type { Logger } from './telemetry/log.ts';
import { Telemetry } from './telemetry/telemetry.ts';

export interface RunningServer {
  /** Where the page is, the best address first. */
  urls: string[];
  /** What opens the port map. */
  dashboardToken: string;
  ports: MediaPorts;
  pool: WorkerPool;
  rooms: Rooms;
  /**
   * Lets no room begin any more, warns those who are in one, and waits until all rooms have ended.
   *
   * @param options.seconds - for so long at most; 0: not at all
   * @param options.signal - ends the waiting
   * @param options.say - is told what is waited for, if anything is
   */
  drain(options: DrainOptions): Promise<void>;
  /** Sends everybody away with a reason that makes them come back, then ends what was started. */
  stop(): Promise<void>;
}

/**
 * Starts everything.
 *
 * @param config - the settings
 * @param log - where events go
 * @throws StartError when a setting can't be had; nothing is left running then
 */
export async function startServer(config: Config, log: Logger): Promise<RunningServer> {
  const runAs = config.runAsUser ? findUser(config.runAsUser) : undefined;
  checkWorkerPatches(config);
  const keyPair = await loadKeyPair(config.http.tls);
  // As whoever has started it: another user may have no home to keep it in.
  const dashboardToken = config.dashboard.token ?? loadOrGenerateToken(config.dashboard.tokenFile);
  const telemetry = new Telemetry();
  logLimitHits(telemetry, log);
  const ports = await createMediaPorts(config, log, telemetry);
  const { numWorkers, workerBin } = config.media;
  let pool: WorkerPool;
  let authenticator: Authenticator;
  try {
    // Workers must be of the user who has the port: the kernel lets nobody else's join it.
    if (runAs) {
      becomeUser(runAs, { folder: builtApp, program: workerBin });
    }
    // As the user that it will be read anew as.
    authenticator = createAuthenticator(config.auth, log);
    const maxCpu = config.limits.worker_cpu;
    pool = await WorkerPool.start({ ports, numWorkers, workerBin, maxCpu, telemetry, log });
  } catch (error) {
    await ports.close();
    throw error;
  }
  const rooms = new Rooms({ pool, limits: config.limits, graceMs: config.graceMs, log });

  const trustedTls = config.http.tls.kind === 'files';
  const app = createApp({ ports, pool, rooms, trustedTls, log });
  const { allowedOrigins, trustedProxies } = config.http;
  const remoteAddress = remoteAddressOf(trustedProxies);
  const isKnownHost = knownHosts(allowedOrigins, trustedTls ? keyPair?.cert : undefined);
  const portMap = new PortMapServer({
    ports,
    pool,
    rooms,
    token: dashboardToken,
    isKnownHost,
    log,
  });
  const server = createServer(keyPair, app);
  routeUpgrades(server, {
    handlers: {
      [signallingPath]: createSignalling({
        rooms,
        authenticator,
        portMode: ports.mode,
        turn: config.turn,
        limits: config.limits,
        telemetry,
        remoteAddress,
        log,
      }),
      [dashboardPath]: portMap.upgrade,
    },
    allowedOrigins,
    handshakesPerSecond: config.limits.handshakes_per_second,
    remoteAddress,
    telemetry,
    log,
  });
  const { limits } = config;
  const metrics =
    config.metrics && new Metrics({ ports, pool, rooms, numWorkers, limits, telemetry });
  let metricsServer: Server | undefined;
  try {
    if (config.metrics && metrics) {
      metricsServer = await serveMetrics({ ...config.metrics, isKnownHost, metrics, log });
    }
    if (config.http.sharesMediaPort) {
      ports.acceptHttp?.(acceptInto(server));
    } else {
      await listen(server, config.http);
    }
  } catch (error) {
    metricsServer?.close();
    await pool.close();
    await ports.close();
    throw error;
  }

  return {
    urls: pageUrls(config.http.host, config.http.port, keyPair !== undefined),
    dashboardToken,
    ports,
    pool,
    rooms,
    drain: (options) => drain(rooms, options),
    async stop() {
      // Nobody new, neither at its own port nor through the media port.
      server.close();
      ports.acceptHttp?.(undefined);
      await portMap.close();
      await rooms.close('server stopping');
      server.closeAllConnections();
      // Last of all that listens: how a server empties is worth seeing.
      metrics?.close();
      metricsServer?.close();
      metricsServer?.closeAllConnections();
      await pool.close();
      await ports.close();
    },
  };
}
