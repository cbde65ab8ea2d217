/** The composition root: the only file that knows all parts. It owns their lifetimes. */
import { portMapSocketPath, signallingPath } from '@oneport/protocol';
import { createAuthenticator } from './access/authenticator.ts';
import { loadOrGenerateToken } from './access/operator-token.ts';
import { fitLimits, leavesFew } from './config/fit-limits.ts';
import type { Config } from './config/types.ts';
import { AddressConnections } from './http/address-connections.ts';
import { AddressRateLimit } from './http/address-rate-limit.ts';
import { createApp } from './http/app.ts';
import { serveBelow } from './http/base-path.ts';
import { Certificate } from './http/certificate.ts';
import { HttpAcceptor } from './http/http-acceptor.ts';
import { createHttpsRedirect } from './http/https-redirect.ts';
import { knownHosts } from './http/known-hosts.ts';
import { metricsSettings, pageUrls, requireFreePort } from './http/listen.ts';
import { serveMetrics } from './http/metrics-server.ts';
import { ownOriginOf } from './http/own-origin.ts';
import { builtApp } from './http/page.ts';
import { remoteAddressOf, trustedProxyTest } from './http/remote-address.ts';
import { limitRequests } from './http/request-limit.ts';
import { createServer } from './http/server.ts';
import { routeUpgrades } from './http/upgrade.ts';
import { checkWorkerHash } from './media/worker-hash.ts';
import { checkWorkerPatches, closingCommand } from './media/worker-patches.ts';
import { WorkerPool } from './media/worker-pool.ts';
import { Metrics } from './metrics/metrics.ts';
import { openFilesLimit } from './net/open-files.ts';
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
  /** The URLs of the page, the best first. */
  urls: string[];
  /** The token that opens the port map. */
  portMapToken: string;
  ports: MediaPorts;
  pool: WorkerPool;
  rooms: Rooms;
  /** Admits no new rooms, warns peers, and waits until all rooms have ended or the time is up. */
  drain(options: DrainOptions): Promise<void>;
  /** Closes all sockets with a close code that makes clients reconnect, then stops all parts. */
  stop(): Promise<void>;
}

/**
 * Starts all parts of the server.
 *
 * @throws StartError when a setting can't be applied; nothing is left running
 */
export async function startServer(given: Config, log: Logger): Promise<RunningServer> {
  const config = { ...given, limits: limitsThatFit(given, log) };
  const { media, limits } = config;
  const runAs = config.runAsUser ? findUser(config.runAsUser) : undefined;
  checkWorkerHash(media);
  const holes = checkWorkerPatches(config);
  if (holes.length > 0) {
    log.warn({ holes, command: closingCommand }, 'worker lacks security patches');
  }
  // Here too, before the long part of the start, so that a port that is taken is reported at once.
  await requireFreePort(config.http);
  if (config.metrics) {
    await requireFreePort(config.metrics, metricsSettings);
  }
  const certificate = await Certificate.load(config.http.tls, log);
  // Before becomeUser, because the other user may have no home to keep it in.
  const portMapToken = config.portMap.token ?? loadOrGenerateToken(config.portMap.tokenFile);
  const telemetry = new Telemetry();
  logLimitHits(telemetry, log);

  // Disposed in reverse order, here if the start fails and in stop() otherwise.
  await using starting = new AsyncDisposableStack();
  const ports = await createMediaPorts(config, log, telemetry);
  starting.defer(() => ports.close());
  // Before the workers start: the kernel lets only sockets of the user who has the port join it.
  if (runAs) {
    becomeUser(runAs, { folder: builtApp, program: media.workerBin });
  }
  // After becomeUser, because the files of keys are read again as that user.
  const authenticator = createAuthenticator(config.auth, log);
  const pool = await WorkerPool.start({
    ports,
    numWorkers: media.numWorkers,
    workerBin: media.workerBin,
    maxCpu: limits.worker_cpu,
    telemetry,
    log,
  });
  starting.defer(() => pool.close());
  const { spread, graceMs } = config;
  const rooms = new Rooms({ pool, spread, limits, graceMs, telemetry, log });

  const { allowedOrigins, trustedProxies, tls, basePath, embedOrigins, hsts } = config.http;
  const trustedTls = tls.kind === 'files';
  const remoteAddress = remoteAddressOf(trustedProxies);
  const isKnownHost = knownHosts(allowedOrigins, () =>
    trustedTls ? certificate?.x509 : undefined,
  );
  // Metrics are served until the workers stop, so that they show how the server drains.
  if (config.metrics) {
    const { numWorkers } = media;
    const metrics = new Metrics({
      ports,
      pool,
      rooms,
      numWorkers,
      limits,
      telemetry,
      certificateDaysLeft: () => certificate?.daysLeft,
    });
    starting.defer(() => metrics.close());
    const metricsServer = await serveMetrics({
      ...config.metrics,
      isKnownHost,
      metrics,
      requestsPerSecond: limits.requests_per_second,
      telemetry,
      log,
    });
    starting.defer(() => {
      metricsServer.close();
      metricsServer.closeAllConnections();
    });
  }
  const rate = new AddressRateLimit(limits.requests_per_second);
  const app = createApp({
    ports,
    pool,
    rooms,
    holes,
    hsts,
    basePath,
    embedOrigins,
    operatorToken: portMapToken,
    isKnownHost,
    log,
  });
  const isTrustedProxy = trustedProxyTest(trustedProxies);
  const connections = new AddressConnections({ rate, isTrustedProxy });
  const requestLimit = { rate, connections, remoteAddress, telemetry };
  const server = createServer(certificate?.keyPair, limitRequests(app, requestLimit));
  connections.track(server);
  server.on('upgrade', ({ socket }) => connections.release(socket));
  serveBelow(server, basePath);
  const acceptor = new HttpAcceptor({
    server,
    redirect: certificate && createHttpsRedirect(requestLimit),
    limits: {
      connections: limits.http_connections,
      connectionsPerAddress: limits.http_connections_per_address,
    },
    rate,
    connections,
    isTrustedProxy,
    telemetry,
  });
  if (certificate) {
    certificate.keepUpToDate(server);
    starting.defer(() => certificate.close());
  }
  starting.defer(() => acceptor.closeConnections());
  starting.defer(() => rooms.close('server stopping'));
  const portMap = new PortMapServer({
    ports,
    pool,
    rooms,
    token: portMapToken,
    remoteAddress,
    isKnownHost,
    log,
  });
  starting.defer(() => portMap.close());
  routeUpgrades(server, {
    handlers: {
      [signallingPath]: createSignalling({
        rooms,
        authenticator,
        portMode: ports.mode,
        turn: config.turn,
        limits,
        telemetry,
        remoteAddress,
        log,
      }),
      [portMapSocketPath]: portMap.upgrade,
    },
    allowedOrigins,
    ownOrigin: ownOriginOf(trustedProxies),
    isKnownHost,
    handshakesPerSecond: limits.handshakes_per_second,
    remoteAddress,
    telemetry,
    log,
  });
  if (config.http.sharesMediaPort) {
    ports.acceptHttp?.(acceptor.accept);
    starting.defer(() => ports.acceptHttp?.(undefined));
  } else {
    await acceptor.listen(config.http);
  }
  starting.defer(() => acceptor.stopListening());

  const started = starting.move();
  return {
    urls: pageUrls(config.http.host, config.http.port, certificate !== undefined).map(
      (url) => new URL(basePath, url).href,
    ),
    portMapToken,
    ports,
    pool,
    rooms,
    drain: (options) => drain(rooms, options),
    stop: () => started.disposeAsync(),
  };
}

/** Connections must leave file descriptors for workers, and each service some for the other. */
function limitsThatFit({ limits, media, portMode }: Config, log: Logger): Config['limits'] {
  const files = openFilesLimit();
  const { numWorkers } = media;
  const fitted = fitLimits(limits, { openFiles: files, numWorkers, portMode });
  const { http_connections, tcp_connections } = fitted;
  const fields = { files, ...(fitted !== limits && { http_connections, tcp_connections }) };
  if (leavesFew(limits, fitted)) {
    log.warn(
      fields,
      'limits of connections lowered: this process may open too few files. Raise `ulimit -n` or LimitNOFILE',
    );
  } else {
    log.info(fields, 'open files limit');
  }
  return fitted;
}
