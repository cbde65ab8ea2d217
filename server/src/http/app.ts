import { existsSync } from 'node:fs';
import { join } from 'node:path';
import express, { type ErrorRequestHandler, type Express } from 'express';
import { closingCommand, type Hole } from '../media/worker-patches.ts';
import type { WorkerPool } from '../media/worker-pool.ts';
import type { MediaPorts } from '../ports/types.ts';
import type { Rooms } from '../rooms/rooms.ts';
import type { Logger } from '../telemetry/log.ts';
import { builtApp, docsPageTest, sendPage } from './page.ts';
import { servePorts } from './ports-api.ts';
import { precompressed } from './precompressed.ts';
import { ReadinessCheck } from './readiness.ts';
import { securityHeaders } from './security-headers.ts';

export interface AppOptions {
  ports: MediaPorts;
  pool: WorkerPool;
  rooms: Rooms;
  /** The known holes of the worker. */
  holes: readonly Hole[];
  /** The value of Strict-Transport-Security; undefined: not sent. */
  hsts: string | undefined;
  /** The page's path on its host. */
  basePath: string;
  /** Origins whose pages may show the call in a frame. */
  embedOrigins: string[];
  /** The port map's token, which shows the open ports. */
  operatorToken: string;
  /** Whether a Host header names this server. */
  isKnownHost(host: string | undefined): boolean;
  log: Logger;
}

/** Serves the page, the API, health and readiness. */
export function createApp({
  ports,
  pool,
  rooms,
  holes,
  hsts,
  basePath,
  embedOrigins,
  operatorToken,
  isKnownHost,
  log,
}: AppOptions): Express {
  const app = express();
  app.disable('x-powered-by');
  app.use(securityHeaders({ hsts, embedOrigins }));

  app.use(['/health', '/ready'], (_request, response, next) => {
    response.set('Cache-Control', 'no-store');
    next();
  });
  app.get('/health', (_request, response) => {
    const [running, { expected }] = [pool.workers.length, pool];
    const status = running === 0 ? 'no worker' : running < expected ? 'workers missing' : 'ok';
    response.json({
      status,
      workers: { running, expected },
      ...(holes.length > 0 && { holes, command: closingCommand }),
    });
  });
  const readiness = new ReadinessCheck({ pool, rooms });
  app.get('/ready', async (_request, response) => {
    const state = await readiness.check();
    response.status(state.ready ? 200 : 503).json(state);
  });
  // After /health and /ready, which load balancers may ask by any name.
  app.use((request, response, next) => {
    if (isKnownHost(request.headers.host)) {
      next();
      return;
    }
    response
      .status(421)
      .type('text')
      .send(
        'This server does not know the host name of this address. Add its origin to ALLOWED_ORIGINS.',
      );
  });
  app.get('/api/ports', servePorts(ports, operatorToken));
  app.use('/api', (_request, response) => {
    response.status(404).json({ error: 'no such resource' });
  });

  // Vite puts a content hash into the names of assets; the page itself must be revalidated.
  app.use(
    '/assets',
    precompressed(join(builtApp, 'assets')),
    express.static(join(builtApp, 'assets'), { immutable: true, maxAge: '1y', redirect: false }),
  );
  app.get(['/', '/port-map'], sendPage('index.html', basePath));
  // The port map's former path. Browsers keep the token in the fragment of the URL.
  app.get('/dashboard', (_request, response) => response.redirect(301, `${basePath}port-map`));
  app.get(['/docs', '/docs/:page'], sendPage('docs.html', basePath, docsPageTest()));
  app.use(express.static(builtApp, { redirect: false, index: false }));
  app.use((_request, response) => {
    const missing = existsSync(builtApp) ? 'Not found' : 'The app is not built. Run: npm run setup';
    response.status(404).type('text').send(missing);
  });

  const onError: ErrorRequestHandler = (error, request, response, next) => {
    if (response.headersSent) {
      return next(error);
    }
    const status = typeof error?.status === 'number' && error.status < 500 ? error.status : 500;
    if (status === 500) {
      log.error({ path: request.path, error: String(error) }, 'request failed');
    }
    response
      .status(status)
      .json({ error: status === 500 ? 'internal error' : String(error.message) });
  };
  app.use(onError);
  return app;
}
