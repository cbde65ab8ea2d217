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
  requests,
  serverRequests,
  type Transport as TransportParameters,
} from '@oneport/protocol';
import * as protoo from 'protoo-server';
import type { z } from 'zod';
import type { LimitName, Limits } from '../limits.ts';
import type { Logger } from '../log.ts';
import { BusyWorkersError, NoWorkerError } from '../media/worker-pool.ts';
import { NoPortError } from '../ports/errors.ts';
import type { Transport } from '../ports/media-ports.ts';
import { type CloseReason, Peer } from '../rooms/peer.ts';
import type { PeerMedia } from '../rooms/peer-media.ts';
import type { Room } from '../rooms/room.ts';
import { RoomError, toRoomError } from '../rooms/room-error.ts';
import { FullError, PeerIdTakenError, type Rooms } from '../rooms/rooms.ts';
import type { Telemetry } from '../telemetry.ts';
import { type Context, handlers } from './handlers.ts';
import { SerialQueue } from './serial-queue.ts';
import type { SocketTransport } from './socket-transport.ts';

/** Milliseconds from `welcome` to `join`. */
const joinWithinMs = 10_000;

export interface ConnectionOptions {
  transport: SocketTransport;
  query: ConnectQuery;
  rooms: Rooms;
  portMode: PortMode;
  limits: Limits;
  telemetry: Telemetry;
  /** By performance.now(). */
  openedAt: number;
  log: Logger;
}

/** What the socket is told when a peer's place has ended. */
const closeOf: Record<CloseReason, { code: number; text: string }> = {
  left: { code: closeCodes.normal, text: '' },
  replaced: { code: closeCodes.gone, text: 'this peer has connected again elsewhere' },
  'not joined in time': { code: closeCodes.tooSlow, text: 'not joined in time' },
  'worker died': { code: closeCodes.restart, text: 'the media worker of this room died' },
  'server stops': { code: closeCodes.restart, text: 'the server stops' },
};

/** One peer's signalling: protoo in, room calls out; room events in, protoo out. */
export class Connection {
  readonly #options: ConnectionOptions;
  readonly #protoo: protoo.Peer;
  readonly #queue: SerialQueue;
  #context: Context | undefined;

  constructor(options: ConnectionOptions) {
    const { transport, query, limits } = options;
    this.#options = options;
    this.#queue = new SerialQueue(limits.waiting_requests);
    this.#protoo = new protoo.Room().createPeer(query.peerId, transport);
    this.#protoo.on('request', (request, accept, reject) => {
      const queued = this.#queue.push(() => this.#answer(request, accept, reject));
      if (queued) return;
      transport.limitHit('waiting_requests');
      transport.close(closeCodes.tooMany, 'too many requests are waiting');
    });
    // No notification is expected of a client, and it has no reply that could say so.
    this.#protoo.on('notification', ({ method }) => {
      this.#notify('protocolError', { method, reason: 'unknown notification' });
    });
    this.#protoo.on('close', () => this.#context?.peer.close('left'));
    this.#queue.push(() => this.#enter());
  }

  async #enter(): Promise<void> {
    const { transport, query, rooms, log } = this.#options;
    try {
      this.#context = await rooms.enter({
        ...query,
        makePeer: (generation) => this.#makePeer(generation),
      });
      const { peer, room } = this.#context;
      // The socket may have gone while we waited.
      if (transport.closed) {
        peer.close('left');
        return;
      }
      this.#welcome(room, peer, await peer.connect(room.media));
      setTimeout(() => {
        if (!peer.joined) peer.close('not joined in time');
      }, joinWithinMs).unref();
    } catch (error) {
      const { code, text } = refusalOf(error);
      const limit = limitOf(error);
      if (limit) transport.limitHit(limit);
      const fields = { roomId: query.roomId, peerId: query.peerId, error: String(error) };
      // With the socket its transports have gone, in the middle of being made.
      if (transport.closed) log.debug(fields, 'a peer left while it was connected');
      else if (code === closeCodes.internal) log.error(fields, 'a peer could not be connected');
      else log.info(fields, 'a peer was refused');
      transport.close(code, text);
      this.#context?.peer.close('left');
    }
  }

  #makePeer(generation: number): Peer {
    const { transport, query, log } = this.#options;
    const peer = new Peer({
      id: query.peerId,
      roomId: query.roomId,
      generation,
      wants: query,
      offer: (consumers) => this.#offer(generation, consumers),
      log,
    });
    peer.on('peerJoined', (info) => this.#notify('newPeer', info));
    peer.on('peerLeft', (peerId) => this.#notify('peerClosed', { peerId }));
    peer.on('peerRenamed', (peerId, displayName) =>
      this.#notify('peerDisplayNameChanged', { peerId, displayName }),
    );
    peer.on('consumerClosed', (consumerId) => this.#notify('consumerClosed', { consumerId }));
    peer.on('consumerPaused', (consumerId) => this.#notify('consumerPaused', { consumerId }));
    peer.on('consumerResumed', (consumerId) => this.#notify('consumerResumed', { consumerId }));
    peer.on('consumerLayersChanged', (consumerId, layers) =>
      this.#notify('consumerLayersChanged', { consumerId, layers }),
    );
    peer.on('activeSpeaker', (peerId) => this.#notify('activeSpeaker', { peerId }));
    peer.once('closed', (reason) => transport.close(closeOf[reason].code, closeOf[reason].text));
    return peer;
  }

  #welcome(room: Room, peer: Peer, { send, recv, dataConsumer }: PeerMedia): void {
    const describe = (transport: Transport): TransportParameters => ({
      transportId: transport.id,
      iceParameters: transport.iceParameters,
      iceCandidates: room.media.worker.ports.candidates(transport),
      dtlsParameters: transport.dtlsParameters,
      ...(transport.sctpParameters ? { sctpParameters: transport.sctpParameters } : {}),
    });
    this.#notify('welcome', {
      generation: peer.generation,
      resumeSecret: peer.resumeSecret,
      room: { roomId: room.id },
      portMode: this.#options.portMode,
      routerRtpCapabilities: room.media.router
        .rtpCapabilities as NotificationData<'welcome'>['routerRtpCapabilities'],
      // Every transport listens on an address that clients reach: ICE-Lite needs no help.
      iceServers: [],
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

  async #offer(generation: number, consumers: ConsumerOffer[]): Promise<string[]> {
    try {
      const reply = await this.#protoo.request('newConsumers', { generation, consumers });
      return serverRequests.newConsumers.reply.parse(reply).accepted;
    } catch (error) {
      // Without an answer the peer would never receive these: let it come again. (Nothing, if it has gone.)
      this.#options.transport.close(
        closeCodes.tooSlow,
        'newConsumers was not answered as expected',
      );
      throw error;
    }
  }

  async #answer(
    request: protoo.Request,
    accept: (data?: unknown) => void,
    reject: (code: number, reason: string) => void,
  ): Promise<void> {
    const { telemetry, openedAt } = this.#options;
    const method = isRequestMethod(request.method) ? request.method : 'unknown';
    try {
      accept(await this.#handle(request.method, request.data));
      telemetry.emit('requestAnswered', method, 'ok');
      if (method === 'join') telemetry.emit('joined', (performance.now() - openedAt) / 1000);
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

  async #handle(method: string, data: unknown): Promise<unknown> {
    if (!isRequestMethod(method)) {
      throw new RoomError(errorCodes.unknownMethod, `unknown method: ${method}`);
    }
    const parsed = parseData(method, data);
    const context = this.#context;
    if (!context || context.peer.closed) throw new RoomError(errorCodes.forbidden, 'not in a room');
    return await callHandler(context, method, parsed);
  }

  #notify<M extends NotificationMethod>(method: M, data: NotificationData<M>): void {
    // It fails when the socket is gone or too slow, and then is closed: the peer's place ends with it.
    this.#protoo.notify(method, data).catch(() => this.#options.transport.close());
  }
}

function isRequestMethod(method: string): method is RequestMethod {
  return Object.hasOwn(requests, method);
}

function parseData<M extends RequestMethod>(method: M, data: unknown): RequestData<M> {
  const schema = requests[method].data as unknown as z.ZodType<RequestData<M>>;
  const result = schema.safeParse(data);
  if (result.success) return result.data;
  throw new RoomError(errorCodes.badRequest, explain(result.error));
}

function callHandler<M extends RequestMethod>(
  context: Context,
  method: M,
  data: RequestData<M>,
): Promise<RequestReply<M>> | RequestReply<M> {
  return handlers[method](context, data);
}

/** How a socket is closed that can't be let in. */
function refusalOf(error: unknown): { code: number; text: string } {
  if (error instanceof PeerIdTakenError) return { code: closeCodes.refused, text: error.message };
  if (
    error instanceof FullError ||
    error instanceof NoPortError ||
    error instanceof BusyWorkersError
  ) {
    return { code: closeCodes.tooMany, text: error.message };
  }
  if (error instanceof NoWorkerError) return { code: closeCodes.restart, text: error.message };
  return { code: closeCodes.internal, text: 'internal error' };
}

/** Which limit it was that kept a peer out. */
function limitOf(error: unknown): LimitName | undefined {
  if (error instanceof FullError) return error.limit;
  if (error instanceof NoPortError) return 'media_ports';
  if (error instanceof BusyWorkersError) return 'worker_cpu';
  return undefined;
}
