import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import {
  closeCodes,
  closeReasons,
  connectQuerySchema,
  explain,
  oldestProtocolVersion,
  type PortMode,
  signallingSubprotocol,
} from '@oneport/protocol';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Authenticator } from '../access/authenticator.ts';
import type { Limits } from '../config/limits.ts';
import type { TurnConfig } from '../config/types.ts';
import { limitKeyOf } from '../net/ip.ts';
import type { Rooms } from '../rooms/rooms.ts';
import type { Logger } from '../telemetry/log.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import { CpuBudget, CpuLimits } from './cpu-budget.ts';
import { QueuedBytes } from './queued-bytes.ts';
import { SignallingConnection } from './signalling-connection.ts';
import { SocketTransport } from './socket-transport.ts';

/** Bytes of queued requests, as parsed, of all peers together. 2,000 peers that join at the same moment have so many. */
const maxQueuedBytes = 128 * 1024 * 1024;

export interface SignallingOptions {
  rooms: Rooms;
  authenticator: Authenticator;
  portMode: PortMode;
  /** The TURN servers to offer to peers. */
  turn: TurnConfig | undefined;
  limits: Limits;
  telemetry: Telemetry;
  /** The client's address, behind trusted proxies too. */
  remoteAddress(request: IncomingMessage): string | undefined;
  log: Logger;
}

/** Shared by all peers of a server. */
interface Shared {
  queuedBytes: QueuedBytes;
  cpuLimits: CpuLimits;
}

/**
 * Creates the handler of upgrade requests for the signalling path.
 *
 * It accepts each upgrade and rejects a client by a close code: a browser doesn't tell a page why an upgrade failed.
 */
export function createSignalling(
  options: SignallingOptions,
): (request: IncomingMessage, socket: Duplex, head: Buffer) => void {
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: options.limits.message_bytes,
    // A part of a message is what a TCP segment carries, in practice a hundred bytes at least.
    maxBufferedChunks: Math.ceil(options.limits.message_bytes / 100),
    // SocketTransport answers pings, because it counts them.
    autoPong: false,
    handleProtocols: (offered) =>
      offered.has(signallingSubprotocol) ? signallingSubprotocol : false,
  });
  const shared: Shared = {
    queuedBytes: new QueuedBytes(maxQueuedBytes),
    cpuLimits: new CpuLimits(options.limits),
  };
  return (request, socket, head) => {
    server.handleUpgrade(request, socket, head, (webSocket) => {
      accept(webSocket, request, options, shared);
    });
  };
}

function accept(
  webSocket: WebSocket,
  request: IncomingMessage,
  options: SignallingOptions,
  { queuedBytes, cpuLimits }: Shared,
): void {
  const { limits, telemetry, log } = options;
  const openedAt = performance.now();
  const url = new URL(request.url ?? '', 'http://localhost');
  const query = connectQuerySchema.safeParse(Object.fromEntries(url.searchParams));
  const address = options.remoteAddress(request) ?? '';
  const fields = {
    // Tells the sockets of one peer apart in the log. It is no secret.
    socketId: randomUUID().slice(0, 8),
    address,
    ...(query.success && { roomId: query.data.roomId, peerId: query.data.peerId }),
  };
  const limitKey = limitKeyOf(address);
  const { roomId, peerId } = query.data ?? {};
  const cpu = new CpuBudget(cpuLimits.of(limitKey, [roomId, peerId]), (limit) =>
    telemetry.emit('limitHit', limit, fields),
  );
  const connection = request.socket;
  const transport = new SocketTransport(webSocket, { connection, limits, cpu, telemetry, fields });
  log.info(fields, 'signalling opened');
  webSocket.once('close', (code, reason) =>
    log.info({ ...fields, code, reason: String(reason) }, 'signalling closed'),
  );
  if (webSocket.protocol !== signallingSubprotocol) {
    transport.close(closeCodes.badFrame, `expected the sub-protocol ${signallingSubprotocol}`);
    return;
  }
  if (!query.success) {
    transport.close(closeCodes.badFrame, explain(query.error));
    return;
  }
  if (query.data.protocolVersion < oldestProtocolVersion) {
    transport.close(closeCodes.outdated, closeReasons.outdated);
    return;
  }
  const own = {
    transport,
    query: query.data,
    address: limitKey,
    cpu,
    queuedBytes,
    openedAt,
  };
  new SignallingConnection({ ...options, ...own });
}
