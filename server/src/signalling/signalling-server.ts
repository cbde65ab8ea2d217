import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { closeCodes, connectQuerySchema, explain, signallingSubprotocol } from '@oneport/protocol';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Gate } from '../access/token-gate.ts';
import type { TurnConfig } from '../config.ts';
import type { Logger } from '../log.ts';
import type { PortMode } from '../ports/media-ports.ts';
import type { Rooms } from '../rooms/rooms.ts';
import { Connection } from './connection.ts';
import { SocketTransport, socketLimits } from './socket-transport.ts';

export interface SignallingOptions {
  rooms: Rooms;
  gate: Gate;
  portMode: PortMode;
  /** The TURN servers that peers may use. */
  turn: TurnConfig | undefined;
  log: Logger;
}

/**
 * Takes WebSockets that ask for our path.
 *
 * A refusal needs an open socket: a browser can't see why an upgrade failed, but it can see a close
 * code.
 *
 * @param options - the rooms that they lead to
 */
export function createSignalling(
  options: SignallingOptions,
): (request: IncomingMessage, socket: Duplex, head: Buffer) => void {
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: socketLimits.messageBytes,
    handleProtocols: (offered) =>
      offered.has(signallingSubprotocol) ? signallingSubprotocol : false,
  });
  return (request, socket, head) => {
    server.handleUpgrade(request, socket, head, (webSocket) => {
      accept(webSocket, request.url ?? '', options);
    });
  };
}

function accept(webSocket: WebSocket, url: string, options: SignallingOptions): void {
  const transport = new SocketTransport(webSocket);
  if (webSocket.protocol !== signallingSubprotocol) {
    transport.close(closeCodes.badFrame, `expected the sub-protocol ${signallingSubprotocol}`);
    return;
  }
  const query = Object.fromEntries(new URL(url, 'http://localhost').searchParams);
  const result = connectQuerySchema.safeParse(query);
  if (!result.success) {
    transport.close(closeCodes.badFrame, explain(result.error));
    return;
  }
  new Connection({ ...options, transport, query: result.data });
}
