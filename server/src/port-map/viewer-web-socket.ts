import { type ServerOptions, WebSocket, WebSocketServer } from 'ws';
import { RateLimit } from '../net/rate-limit.ts';

export const viewerFrameLimits = {
  /** Messages, pings and pongs of a viewer that has sent its token. */
  burst: 300,
  perSecond: 50,
} as const;

const options = {
  // ViewerWebSocket answers pings, because it counts them.
  autoPong: false,
  /** Milliseconds that a client has to answer a close frame. */
  closeTimeout: 2_000,
  maxFragments: 16,
  // A part of a message is what a TCP segment carries, in practice a hundred bytes at least.
  maxBufferedChunks: 41,
};

/**
 * The WebSocket of a port map page. It limits the frames that its client may send, which engine.io does not, and
 * destroys the connection at the first one too many: before the token is accepted, at the second.
 */
export class ViewerWebSocket extends WebSocket {
  /** A client sends its token, and waits for the answer. */
  #rate = new RateLimit(1, 0);

  /** Called by WebSocketServer. */
  constructor(address: string | URL | null, ...rest: unknown[]) {
    super(address as string, ...(rest as []));
    this.on('message', () => this.#count());
    this.on('pong', () => this.#count());
    this.on('ping', (data) => {
      if (this.#count()) {
        this.pong(data);
      }
    });
  }

  /** The client has sent a valid token. */
  acceptViewer(): void {
    const { burst, perSecond } = viewerFrameLimits;
    this.#rate = new RateLimit(burst, perSecond);
  }

  #count(): boolean {
    if (this.readyState === WebSocket.OPEN && this.#rate.take()) {
      return true;
    }
    this.terminate();
    return false;
  }
}

/** For engine.io's option `wsEngine`. */
export class ViewerWebSocketServer extends WebSocketServer<typeof ViewerWebSocket> {
  constructor(ofEngine: ServerOptions) {
    super({ ...ofEngine, ...options, WebSocket: ViewerWebSocket });
  }
}

/** @returns the WebSocket of a request that engine.io has accepted */
export function webSocketOf(request: object): ViewerWebSocket | undefined {
  const { websocket } = request as { websocket?: unknown };
  return websocket instanceof ViewerWebSocket ? websocket : undefined;
}
