/** The live port map, for operators: docs/port-map.md. Read only. */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { dashboardNamespace, dashboardPath, dashboardRefusals } from '@oneport/protocol';
import { Server as Engine } from 'engine.io';
import { Server } from 'socket.io';
import { isToken } from '../access/is-token.ts';
import { LiveView, type LiveViewOptions } from './live-view.ts';
import { Viewer, type ViewerSocket } from './viewer.ts';

export interface DashboardOptions extends LiveViewOptions {
  token: string;
  /** Whether a Host header names this server. */
  isKnownHost(host: string | undefined): boolean;
}

export const dashboardServerLimits = {
  viewers: 20,
  /** WebSockets, those of viewers and those that have not shown a token yet. */
  sockets: 60,
  /** Milliseconds to show a token. */
  tokenWithinMs: 5_000,
  /** A `look` is the longest that a viewer has to say. */
  messageBytes: 4_096,
} as const;

export class Dashboard {
  readonly #engine: Engine;
  readonly #io: Server;
  readonly #live: LiveView;

  /** @param options - what is shown, and to whom */
  constructor(options: DashboardOptions) {
    this.#live = new LiveView(options);
    // Not attached to the HTTP server: that would add a second listener for `upgrade`, and polling beside it.
    this.#engine = new Engine({
      transports: ['websocket'],
      allowUpgrades: false,
      perMessageDeflate: false,
      maxHttpBufferSize: dashboardServerLimits.messageBytes,
    });
    this.#io = new Server({
      path: dashboardPath,
      serveClient: false,
      connectTimeout: dashboardServerLimits.tokenWithinMs,
    });
    this.#io.bind(this.#engine);
    this.#io.use((_socket, next) => next(new Error('no such namespace')));
    this.#io
      .of(dashboardNamespace)
      .use((socket, next) => {
        const refusal = this.#refusalOf(socket, options);
        if (refusal !== undefined) {
          options.log.warn({ host: socket.handshake.headers.host, refusal }, 'viewer refused');
        }
        next(refusal === undefined ? undefined : new Error(refusal));
      })
      .on('connection', (socket: ViewerSocket) => {
        const viewer = new Viewer(socket);
        this.#live.add(viewer);
        socket.once('disconnect', () => this.#live.remove(viewer));
      });
  }

  /** Takes WebSockets: for the one listener of `upgrade`. */
  readonly upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    if (this.#engine.clientsCount >= dashboardServerLimits.sockets) {
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

  #refusalOf(socket: ViewerSocket, options: DashboardOptions): string | undefined {
    const { auth, headers } = socket.handshake;
    // First the host: to a page that only pretends to be ours, no token is right or wrong.
    if (!options.isKnownHost(headers.host)) {
      return dashboardRefusals.host;
    }
    if (!isToken(auth.token, options.token)) {
      return dashboardRefusals.token;
    }
    if (this.#live.size >= dashboardServerLimits.viewers) {
      return dashboardRefusals.full;
    }
    return undefined;
  }
}
