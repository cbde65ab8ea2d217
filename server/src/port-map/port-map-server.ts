import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { portMapNamespace, portMapRejections, portMapSocketPath } from '@oneport/protocol';
import { type Socket as Connection, Server as Engine } from 'engine.io';
import { Server } from 'socket.io';
import { isSameToken } from '../access/operator-token.ts';
import { limitKeyOf } from '../net/ip.ts';
import { pacedWarnings } from '../telemetry/limit-log.ts';
import { LiveView, type LiveViewOptions } from './live-view.ts';
import { PendingViewers } from './pending-viewers.ts';
import { Viewer, type ViewerSocket } from './viewer.ts';
import { ViewerWebSocketServer } from './viewer-web-socket.ts';

export interface PortMapServerOptions extends LiveViewOptions {
  token: string;
  /** The client's address; undefined if the socket is closed. */
  remoteAddress(request: IncomingMessage): string | undefined;
  /** Whether a Host header names this server. */
  isKnownHost(host: string | undefined): boolean;
}

export const portMapServerLimits = {
  viewers: 20,
  /** WebSockets that have not sent a token yet. */
  pending: { total: 40, perAddress: 4 },
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
  readonly #pending = new PendingViewers(portMapServerLimits.pending);

  constructor(options: PortMapServerOptions) {
    this.#options = options;
    this.#live = new LiveView(options);
    // Not attached to the HTTP server, because that would add a second `upgrade` listener, and polling.
    this.#engine = new Engine({
      transports: ['websocket'],
      allowUpgrades: false,
      perMessageDeflate: false,
      maxHttpBufferSize: portMapServerLimits.messageBytes,
      wsEngine: ViewerWebSocketServer,
    });
    // A second transport for a connection is a second WebSocket, which nothing would close.
    this.#engine.use(rejectSecondTransport);
    this.#io = new Server({
      path: portMapSocketPath,
      serveClient: false,
      connectTimeout: portMapServerLimits.tokenWithinMs,
    });
    this.#io.bind(this.#engine);
    this.#engine.on('connection', (connection: Connection) => {
      const address = options.remoteAddress(connection.request);
      this.#pending.add(connection, limitKeyOf(address ?? ''));
    });
    const warn = pacedWarnings(options.log);
    this.#io.use((socket, next) => reject(socket, next, 'no such namespace'));
    this.#io
      .of(portMapNamespace)
      .use((socket, next) => {
        const rejection = this.#rejectionOf(socket);
        if (rejection === undefined) {
          next();
          return;
        }
        const { request, handshake } = socket;
        const address = options.remoteAddress(request);
        warn(rejection, { address, host: handshake.headers.host, rejection }, 'viewer rejected');
        reject(socket, next, rejection);
      })
      .on('connection', (socket: ViewerSocket) => {
        this.#pending.accept(socket.conn);
        const viewer = new Viewer(socket);
        this.#live.add(viewer);
        socket.once('disconnect', () => this.#live.remove(viewer));
      });
  }

  /** Handles an upgrade request to `portMapSocketPath`. */
  readonly upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    this.#engine.handleUpgrade(request as Parameters<Engine['handleUpgrade']>[0], socket, head);
  };

  async close(): Promise<void> {
    this.#live.close();
    await this.#io.close();
  }

  #rejectionOf(socket: ViewerSocket): string | undefined {
    const { auth, headers } = socket.handshake;
    // The host comes first: a page that poses as ours must not learn whether a token is right.
    if (!this.#options.isKnownHost(headers.host)) {
      return portMapRejections.host;
    }
    if (!isSameToken(auth.token, this.#options.token)) {
      return portMapRejections.token;
    }
    if (this.#live.size >= portMapServerLimits.viewers) {
      return portMapRejections.full;
    }
    return undefined;
  }
}

function rejectSecondTransport(
  { _query }: IncomingMessage & { _query?: { sid?: string } },
  _response: unknown,
  next: (error?: Error) => void,
): void {
  next(_query?.sid === undefined ? undefined : new Error('no second transport'));
}

/** Tells a client why it is rejected, and closes its connection. */
function reject(
  { conn }: { conn: Connection },
  next: (error: Error) => void,
  reason: string,
): void {
  next(new Error(reason));
  // socket.io sends the reason in the next tick (namespace.js).
  setImmediate(() => conn.close());
}
