import {
  type ConnectQuery,
  type ConsumerOffer,
  closeCodes,
  errorCodes,
  explain,
  type NotificationData,
  type NotificationMethod,
  type PortMode,
  type RequestData,
  type RequestMethod,
  type RequestReply,
  refusals,
  requests,
  serverRequests,
  type Transport as TransportParameters,
} from '@oneport/protocol';
import * as protoo from 'protoo-server';
import type { z } from 'zod';
import type { Authenticator } from '../access/authenticator.ts';
import { AdmissionError } from '../config/admission-error.ts';
import type { Limits } from '../config/limits.ts';
import type { TurnConfig } from '../config/types.ts';
import { NoPortError, type Transport } from '../ports/types.ts';
import type { CloseReason, Peer, PeerEvents, PeerLink } from '../rooms/peer.ts';
import type { Room } from '../rooms/room.ts';
import { RoomError, toRoomError } from '../rooms/room-error.ts';
import type { Rooms } from '../rooms/rooms.ts';
import type { Logger } from '../telemetry/log.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import { type Context, handlers } from './handlers.ts';
import { iceServersFor } from './ice-servers.ts';
import { SerialQueue } from './serial-queue.ts';
import type { SocketTransport } from './socket-transport.ts';
import { subscribe } from './subscribe.ts';

/** Milliseconds from `welcome` to `join`. */
const joinWithinMs = 10_000;

/** RFC 6455, section 7.4.1: the page has gone. It is being closed, or loaded again: nobody can tell which. */
const goingAway = 1001;
/** Milliseconds that a page may take to come back. Who closes it shall not be seen for much longer. */
const reloadGraceMs = 5_000;

export interface ConnectionOptions {
  transport: SocketTransport;
  query: ConnectQuery;
  rooms: Rooms;
  /** Who may come in. */
  authenticator: Authenticator;
  portMode: PortMode;
  /** The TURN servers that peers may use. */
  turn: TurnConfig | undefined;
  limits: Limits;
  telemetry: Telemetry;
  /** By performance.now(). */
  openedAt: number;
  log: Logger;
}

/** What the socket is told when a peer's place has ended. */
const closeOf: Record<CloseReason, { code: number; text: string }> = {
  left: { code: closeCodes.normal, text: '' },
  'did not come back': { code: closeCodes.gone, text: 'away for too long' },
  removed: { code: closeCodes.turnedAway, text: refusals.removed },
  'room closed': { code: closeCodes.turnedAway, text: refusals.roomClosed },
  'no worker': { code: closeCodes.restart, text: 'there is no media worker for this room' },
  'server stops': { code: closeCodes.restart, text: 'the server stops' },
};

/** Who ends a socket so doesn't come back by another. */
const leavingCodes: readonly (number | undefined)[] = [
  closeCodes.normal,
  closeCodes.gone,
  closeCodes.badFrame,
  closeCodes.refused,
];

type Listeners = { [E in keyof PeerEvents]: (...args: PeerEvents[E]) => void };

/** One peer's signalling by one socket: protoo in, room calls out; room events in, protoo out. */
export class Connection implements PeerLink {
  readonly #options: ConnectionOptions;
  readonly #protoo: protoo.Peer;
  readonly #queue: SerialQueue;
  /** Aborted when the socket is gone. */
  readonly #gone = new AbortController();
  #context: Context | undefined;
  #joining: NodeJS.Timeout | undefined;
  /** Whether its way to `join` is to be timed: not when it had to wait for somebody, and only once. */
  #timed = true;
  #stopListening: () => void = () => undefined;
  #welcomed = false;

  constructor(options: ConnectionOptions) {
    const { transport, query, limits } = options;
    this.#options = options;
    this.#queue = new SerialQueue(limits.waiting_requests);
    this.#protoo = new protoo.Room().createPeer(query.peerId, transport);
    this.#protoo.on('request', (request, accept, reject) => {
      const queued = this.#queue.push(() => this.#answer(request, accept, reject));
      if (queued) {
        return;
      }
      transport.limitHit('waiting_requests');
      transport.close(closeCodes.tooMany, 'too many requests are waiting');
    });
    // No notification is expected of a client, and it has no reply that could say so.
    this.#protoo.on('notification', ({ method }) => {
      this.#notify('protocolError', { method, reason: 'unknown notification' });
    });
    this.#protoo.on('close', () => this.#ended());
    this.#queue.push(() => this.#enter());
  }

  async offer(consumers: ConsumerOffer[]): Promise<string[]> {
    const { transport } = this.#options;
    try {
      const generation = this.#context?.peer.generation ?? 0;
      const reply = await this.#protoo.request('newConsumers', { generation, consumers });
      return serverRequests.newConsumers.reply.parse(reply).accepted;
    } catch (error) {
      // Without an answer the peer would never receive these: let it come again. (Nothing, if it has gone.)
      transport.close(closeCodes.tooSlow, 'newConsumers was not answered as expected');
      throw error;
    }
  }

  async replaced(): Promise<void> {
    this.#stopListening();
    this.#options.transport.close(closeCodes.gone, 'this peer has connected again elsewhere');
    await this.#queue.end();
  }

  async #enter(): Promise<void> {
    const { transport, query, rooms, authenticator, log } = this.#options;
    const { roomId, peerId, keep, forceTcp } = query;
    try {
      const access = await authenticator.authorize(roomId, query.token);
      const wants = {
        produce: query.produce && access.permissions.publish.length > 0,
        consume: query.consume && access.permissions.watch,
        forceTcp,
      };
      const onWaiting = () => {
        this.#timed = false;
        this.#notify('waiting', {});
      };
      const { signal } = this.#gone;
      const { room, peer } = await rooms.enter({ ...query, wants, access, onWaiting, signal });
      this.#context = { room, peer };
      this.#stopListening = this.#listen(room, peer);
      await peer.attach(this);
      if (!peer.isReachedBy(this)) {
        return;
      }
      // The socket may have gone while we waited.
      if (transport.closed) {
        this.#ended();
      } else {
        await room.connect(peer, wants, keep);
      }
    } catch (error) {
      const { closeCode, message: reason, limit, detail } = rejectionOf(error);
      if (limit) {
        transport.limitHit(limit);
      }
      const fields = { roomId, peerId, closeCode, reason, detail };
      // With the socket its transports have gone, in the middle of being made.
      if (transport.closed) {
        log.debug(fields, 'peer left while connecting');
      } else if (closeCode === closeCodes.internal) {
        log.error(fields, 'peer could not be connected');
      } else {
        log.info(fields, 'peer rejected');
      }
      transport.close(closeCode, reason);
    }
  }

  /** The socket has gone. */
  #ended(): void {
    this.#gone.abort();
    // It would keep all that the peer had in memory until it is due.
    clearTimeout(this.#joining);
    this.#stopListening();
    void this.#queue.end();
    const { peer } = this.#context ?? {};
    if (!peer?.isReachedBy(this)) {
      return;
    }
    const { endCode } = this.#options.transport;
    if (leavingCodes.includes(endCode)) {
      peer.close('left');
    } else {
      peer.detach(this, endCode === goingAway ? reloadGraceMs : undefined);
    }
  }

  /** @returns ends it */
  #listen(room: Room, peer: Peer): () => void {
    const { transport } = this.#options;
    const listeners: Listeners = {
      connected: () => {
        this.#welcome(room, peer);
        // Those who were welcomed before that was decided are told then.
        const inSeconds = this.#options.rooms.stopsInSeconds;
        if (inSeconds !== undefined) {
          this.#notify('serverStopping', { inSeconds });
        }
      },
      peerJoined: (info) => this.#notify('newPeer', info),
      peerLeft: (peerId) => this.#notify('peerClosed', { peerId }),
      peerRenamed: (peerId, displayName) =>
        this.#notify('peerDisplayNameChanged', { peerId, displayName }),
      consumerClosed: (consumerId) => this.#notify('consumerClosed', { consumerId }),
      consumerPaused: (consumerId) => this.#notify('consumerPaused', { consumerId }),
      consumerResumed: (consumerId) => this.#notify('consumerResumed', { consumerId }),
      consumerLayersChanged: (consumerId, layers) =>
        this.#notify('consumerLayersChanged', { consumerId, layers }),
      // The browser knows it already.
      otherPath: () => undefined,
      activeSpeaker: (peerId) => this.#notify('activeSpeaker', { peerId }),
      muted: (what) => this.#notify('muted', { what }),
      roomLocked: (locked) => this.#notify('roomLocked', { locked }),
      lobbyChanged: (waiting) => this.#notify('lobbyChanged', { waiting }),
      serverStopping: (inSeconds) => {
        if (this.#welcomed) {
          this.#notify('serverStopping', { inSeconds });
        }
      },
      closed: (reason) => transport.close(closeOf[reason].code, closeOf[reason].text),
    };
    return subscribe(peer, listeners);
  }

  #welcome(room: Room, peer: Peer): void {
    const { generation, media } = peer;
    const { send, recv, dataConsumer, roomMedia } = media;
    const { transport: socket } = this.#options;
    clearTimeout(this.#joining);
    this.#joining = setTimeout(() => {
      if (peer.generation === generation && !peer.answered) {
        socket.close(closeCodes.tooSlow, 'not joined in time');
      }
    }, joinWithinMs).unref();
    const describe = (transport: Transport): TransportParameters => ({
      transportId: transport.id,
      iceParameters: transport.iceParameters,
      iceCandidates: roomMedia.worker.ports.candidates(transport),
      dtlsParameters: transport.dtlsParameters,
      ...(transport.sctpParameters ? { sctpParameters: transport.sctpParameters } : {}),
    });
    this.#welcomed = true;
    this.#notify('welcome', {
      generation,
      resumeSecret: peer.nextSecret(),
      room: { roomId: room.id, locked: room.moderation.locked },
      permissions: peer.access.permissions,
      ...(peer.access.displayName ? { displayName: peer.access.displayName } : {}),
      portMode: this.#options.portMode,
      routerRtpCapabilities: roomMedia.router
        .rtpCapabilities as NotificationData<'welcome'>['routerRtpCapabilities'],
      iceServers: iceServersFor(this.#options.turn, peer.id),
      ...(send ? { sendTransport: describe(send) } : {}),
      ...(recv ? { recvTransport: describe(recv) } : {}),
      ...(dataConsumer
        ? {
            dataConsumer: {
              dataConsumerId: dataConsumer.id,
              dataProducerId: dataConsumer.dataProducerId,
              sctpStreamParameters: dataConsumer.sctpStreamParameters ?? {},
              label: dataConsumer.label,
              protocol: dataConsumer.protocol,
            },
          }
        : {}),
    });
  }

  async #answer(
    request: protoo.Request,
    accept: (data?: unknown) => void,
    reject: (code: number, reason: string) => void,
  ): Promise<void> {
    const { telemetry } = this.#options;
    const method = isRequestMethod(request.method) ? request.method : 'unknown';
    try {
      accept(await this.#handle(request.method, request.data));
      telemetry.emit('requestAnswered', method, 'ok');
      if (method === 'join') {
        this.#joined();
      }
    } catch (thrown) {
      const error = toRoomError(thrown);
      telemetry.emit('requestAnswered', method, error instanceof RoomError ? 'refused' : 'failed');
      if (error instanceof RoomError) {
        const { roomId, peerId } = this.#options.query;
        this.#options.log.debug(
          { roomId, peerId, method: request.method, error: error.message },
          'request refused',
        );
        reject(error.code, error.message);
        return;
      }
      const { roomId, peerId } = this.#options.query;
      this.#options.log.error(
        { roomId, peerId, method: request.method, error: String(error) },
        'request failed',
      );
      reject(errorCodes.internal, 'internal error');
    }
  }

  /** Its answer has gone out. A room that moves to another worker has its peers join again. */
  #joined(): void {
    const { telemetry, openedAt } = this.#options;
    if (this.#timed) {
      telemetry.emit('joined', (performance.now() - openedAt) / 1000);
    }
    this.#timed = false;
  }

  async #handle(method: string, data: unknown): Promise<unknown> {
    if (!isRequestMethod(method)) {
      throw new RoomError(errorCodes.unknownMethod, `unknown method: ${method}`);
    }
    const parsed = parseData(method, data);
    const context = this.#context;
    if (!context || context.peer.closed) {
      throw new RoomError(errorCodes.forbidden, 'not in a room');
    }
    return await callHandler(context, method, parsed);
  }

  #notify<M extends NotificationMethod>(method: M, data: NotificationData<M>): void {
    // It fails when the socket is gone or too slow. Whoever has missed something shall come again.
    this.#protoo
      .notify(method, data)
      .catch(() => this.#options.transport.close(closeCodes.tooSlow, 'not reading what is sent'));
  }
}

function isRequestMethod(method: string): method is RequestMethod {
  return Object.hasOwn(requests, method);
}

function parseData<M extends RequestMethod>(method: M, data: unknown): RequestData<M> {
  const schema = requests[method].data as unknown as z.ZodType<RequestData<M>>;
  const result = schema.safeParse(data);
  if (result.success) {
    return result.data;
  }
  throw new RoomError(errorCodes.badRequest, explain(result.error));
}

function callHandler<M extends RequestMethod>(
  context: Context,
  method: M,
  data: RequestData<M>,
): Promise<RequestReply<M>> | RequestReply<M> {
  return handlers[method](context, data);
}

/** The close of a socket whose client is not admitted. */
function rejectionOf(error: unknown): AdmissionError {
  if (error instanceof AdmissionError) {
    return error;
  }
  if (error instanceof NoPortError) {
    return new AdmissionError(closeCodes.tooMany, error.message, { limit: 'media_ports' });
  }
  return new AdmissionError(closeCodes.internal, 'internal error', { detail: String(error) });
}
