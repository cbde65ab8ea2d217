import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { dashboardNamespace, dashboardPath, dashboardRefusals } from '@oneport/protocol';
import { Server as Engine } from 'engine.io';
import { Server } from 'socket.io';
import { isSameToken } from '../access/operator-token.ts';
import { LiveView, type LiveViewOptions } from './live-view.ts';
import { Viewer, type ViewerSocket } from './viewer.ts';

export interface PortMapServerOptions extends LiveViewOptions {
  token: string;
  /** Whether a Host header names this server. */
  isKnownHost(host: string | undefined): boolean;
}

export const portMapServerLimits = {
  viewers: 20,
  /** WebSockets, including those that have not sent a token yet. */
  sockets: 60,
  /** Milliseconds until a viewer must have sent its token. */
  tokenWithinMs: 5_000,
  /** The longest message of a viewer is a `look`. */
  messageBytes: 4_096,
} as const;

/** Serves the port map's page over socket.io: docs/port-map.md. Viewers cannot change anything. */
export class PortMapServer {
  readonly #options: PortMapServerOptions;
  readonly #engine: Engine;
  readonly #io: Server;
  readonly #live: LiveView;

  constructor(options: PortMapServerOptions) {
    this.#options = options;
    this.#live = new LiveView(options);
    // Not attached to the HTTP server, because that would add a second `upgrade` listener, and polling.
    this.#engine = new Engine({
      transports: ['websocket'],
      allowUpgrades: false,
      perMessageDeflate: false,
      maxHttpBufferSize: portMapServerLimits.messageBytes,
    });
    this.#io = new Server({
      path: dashboardPath,
      serveClient: false,
      connectTimeout: portMapServerLimits.tokenWithinMs,
    });
    this.#io.bind(this.#engine);
    this.#io.use((_socket, next) => next(new Error('no such namespace')));
    this.#io
      .of(dashboardNamespace)
      .use((socket, next) => {
        const refusal = this.#refusalOf(socket);
        if (refusal !== undefined) {
          options.log.warn({ host: socket.handshake.headers.host, refusal }, 'viewer rejected');
        }
        next(refusal === undefined ? undefined : new Error(refusal));
      })
      .on('connection', (socket: ViewerSocket) => {
        const viewer = new Viewer(socket);
        this.#live.add(viewer);
        socket.once('disconnect', () => this.#live.remove(viewer));
      });
  }

  /** Handles an upgrade request to `dashboardPath`. */
  readonly upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    if (this.#engine.clientsCount >= portMapServerLimits.sockets) {
      socket.end('HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n\r\n', () =>
        socket.destroy(),
      );
      return;
    }
    this.#engine.handleUpgrade(request as Parameters<Engine['handleUpgrade']>[0], socket, head);
  };

  async close(): Promise<void> {
    this.#live.close();
    await this.#io.close();
  }

  #refusalOf(socket: ViewerSocket): string | undefined {
    const { auth, headers } = socket.handshake;
    // The host comes first: a page that poses as ours must not learn whether a token is right.
    if (!this.#options.isKnownHost(headers.host)) {
      return dashboardRefusals.host;
    }
    if (!isSameToken(auth.token, this.#options.token)) {
      return dashboardRefusals.token;
    }
    if (this.#live.size >= portMapServerLimits.viewers) {
      return dashboardRefusals.full;
    }
    return undefined;
  }
}
