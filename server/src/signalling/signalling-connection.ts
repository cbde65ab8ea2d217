import {
  type CloseCode,
  type ConnectQuery,
  type ConsumerOffer,
  closeCodes,
  closeReasons,
  errorCodes,
  type NotificationData,
  type NotificationMethod,
  type PortMode,
  type ServerRequestReply,
  serverRequests,
  type Transport as TransportParameters,
} from '@oneport/protocol';
import * as protoo from 'protoo-server';
import { AdmissionError } from '../access/admission-error.ts';
import type { Authenticator } from '../access/authenticator.ts';
import type { LimitName, Limits } from '../config/limits.ts';
import type { TurnConfig } from '../config/types.ts';
import type { Transport } from '../ports/types.ts';
import type { CloseReason } from '../rooms/participant.ts';
import type { Peer, PeerLink } from '../rooms/peer.ts';
import { RoomError, toRoomError } from '../rooms/room-error.ts';
import type { Rooms } from '../rooms/rooms.ts';
import type { Logger } from '../telemetry/log.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import type { CpuBudget } from './cpu-budget.ts';
import { enterMs, fanOutMs } from './fan-out.ts';
import { type Context, handle } from './handlers.ts';
import { iceServersFor } from './ice-servers.ts';
import type { QueuedBytes } from './queued-bytes.ts';
import { heapBytes, isRequestMethod, parseRequest, type ValidRequest } from './request.ts';
import { SerialQueue } from './serial-queue.ts';
import type { SocketTransport } from './socket-transport.ts';

/** Bytes of queued requests, as parsed, at which a socket is closed: a `join` of a browser has 50,000. */
const maxQueuedBytes = 1024 * 1024;

/** Milliseconds from `welcome` to `join`. */
const joinTimeoutMs = 10_000;

/** RFC 6455, section 7.4.1: the browser leaves the page. It doesn't say whether the page is being reloaded. */
const goingAway = 1001;
/** Milliseconds that a page may take to reload. A participant who closes the page is shown for this long. */
const reloadGraceMs = 5_000;

export interface SignallingConnectionOptions {
  transport: SocketTransport;
  query: ConnectQuery;
  /** The client's, as limits count it (`limitKeyOf`). */
  address: string;
  rooms: Rooms;
  authenticator: Authenticator;
  portMode: PortMode;
  /** The TURN servers to offer to peers. */
  turn: TurnConfig | undefined;
  limits: Limits;
  cpu: CpuBudget;
  /** Of all sockets. */
  queuedBytes: QueuedBytes;
  telemetry: Telemetry;
  /** When the socket was opened, by performance.now(). */
  openedAt: number;
  log: Logger;
}

type Accept = (data?: unknown) => void;
type Reject = (code: number, reason: string) => void;

/** How a socket is closed whose peer is no longer in the room. */
const closeOf: Record<CloseReason, { code: CloseCode; text: string }> = {
  left: { code: closeCodes.normal, text: '' },
  'not resumed in time': { code: closeCodes.gone, text: 'disconnected for too long' },
  removed: { code: closeCodes.forbidden, text: closeReasons.removed },
  'removed by its own subject': {
    code: closeCodes.forbidden,
    text: closeReasons.removedByYourself,
  },
  'room closed': { code: closeCodes.forbidden, text: closeReasons.roomClosed },
  'room locked': { code: closeCodes.tooSlow, text: 'the room was locked before this peer joined' },
  'no worker': { code: closeCodes.restart, text: 'no media worker is running for this room' },
  'workers keep dying': { code: closeCodes.tooMany, text: 'the workers of this room keep dying' },
  'server stopping': { code: closeCodes.restart, text: 'the server is shutting down' },
};

/** Close codes after which the client doesn't reconnect. */
const leavingCodes: readonly (number | undefined)[] = [
  closeCodes.normal,
  closeCodes.gone,
  closeCodes.badFrame,
  closeCodes.unauthorized,
];

/** The signalling of one peer over one socket: protoo requests become room calls, and notifications go out. */
export class SignallingConnection implements PeerLink {
  readonly #options: SignallingConnectionOptions;
  readonly #protoo: protoo.Peer;
  readonly #queue: SerialQueue;
  /** Aborted when the socket closes. */
  readonly #socketClosed = new AbortController();
  /** Of the queued requests, by producer id. */
  readonly #newestResumes = new Map<string, ValidRequest>();
  #context: Context | undefined;
  #welcomed = false;
  #joinTimer: NodeJS.Timeout | undefined;
  /** Whether the time to `join` is still to be measured: once, and not after waiting in the lobby. */
  #measuresJoin = true;

  constructor(options: SignallingConnectionOptions) {
    const { transport, query, address, limits, queuedBytes } = options;
    this.#options = options;
    this.#queue = new SerialQueue({
      maxJobs: limits.queued_requests,
      maxBytes: maxQueuedBytes,
      total: queuedBytes,
      address,
      onEvicted: () => this.#tooManyQueued('queued_bytes'),
    });
    this.#protoo = new protoo.Room().createPeer(query.peerId, transport);
    this.#protoo.on('request', (request, ...reply) => this.#receive(request, ...reply));
    // Clients send no notifications, and a notification has no reply that could report the error.
    this.#protoo.on('notification', ({ method }) => {
      this.notify('protocolError', { method, reason: 'unknown notification' });
    });
    this.#protoo.on('close', () => this.#onClose());
    this.#queue.push(() => this.#enter());
  }

  welcome(): void {
    this.#welcomed = true;
    const { room, peer } = this.#entered();
    const { generation, media } = peer;
    const { send, recv, dataConsumer, segment } = media;
    const { rooms } = this.#options;
    this.#expectJoin(peer, generation);
    const describe = (transport: Transport): TransportParameters => ({
      transportId: transport.id,
      iceParameters: transport.iceParameters,
      iceCandidates: segment.worker.ports.candidates(transport),
      dtlsParameters: transport.dtlsParameters,
      ...(transport.sctpParameters ? { sctpParameters: transport.sctpParameters } : {}),
    });
    this.notify('welcome', {
      generation,
      resumeSecret: peer.nextSecret(),
      room: { roomId: room.id, locked: room.moderation.locked },
      permissions: peer.access.permissions,
      ...(peer.access.displayName ? { displayName: peer.access.displayName } : {}),
      portMode: this.#options.portMode,
      routerRtpCapabilities: segment.router
        .rtpCapabilities as NotificationData<'welcome'>['routerRtpCapabilities'],
      iceServers: iceServersFor(this.#options.turn, peer.access, peer.id),
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
    // A peer that had no `welcome` when draining began was not notified then.
    const inSeconds = rooms.stopsInSeconds;
    if (inSeconds !== undefined) {
      this.notify('serverStopping', { inSeconds });
    }
  }

  #expectJoin(peer: Peer, generation: number): void {
    const { transport, cpu } = this.#options;
    clearTimeout(this.#joinTimer);
    this.#joinTimer = setTimeout(() => {
      if (peer.generation !== generation || peer.answered) {
        return;
      }
      if (cpu.waitMs > 0) {
        // It may have answered: the server doesn't read what it sends at the moment.
        this.#expectJoin(peer, generation);
        return;
      }
      transport.close(closeCodes.tooSlow, 'not joined in time');
    }, joinTimeoutMs).unref();
  }

  notify<M extends NotificationMethod>(method: M, data: NotificationData<M>): void {
    // Sending fails when the socket is closed or too slow. A client that misses a notification must resume.
    this.#protoo
      .notify(method, data)
      .catch(() => this.#options.transport.close(closeCodes.tooSlow, 'not reading what is sent'));
  }

  async offer(
    generation: number,
    consumers: ConsumerOffer[],
  ): Promise<ServerRequestReply<'newConsumers'>> {
    try {
      const reply = await this.#protoo.request('newConsumers', { generation, consumers });
      return serverRequests.newConsumers.reply.parse(reply);
    } catch (error) {
      // The peer would never receive these producers, so it must resume. Does nothing to a closed socket.
      this.#options.transport.close(
        closeCodes.tooSlow,
        'newConsumers was not answered as expected',
      );
      throw error;
    }
  }

  async replaced(): Promise<void> {
    this.#options.transport.close(closeCodes.gone, 'this peer has connected again elsewhere');
    await this.#queue.end();
  }

  closed(reason: CloseReason): void {
    const { code, text } = closeOf[reason];
    this.#options.transport.close(code, text);
  }

  async #enter(): Promise<void> {
    const { transport, query, address, rooms, authenticator, cpu } = this.#options;
    const { roomId, keep, forceTcp } = query;
    const { signal } = this.#socketClosed;
    try {
      await cpu.available(signal);
      if (signal.aborted) {
        return;
      }
      cpu.spend(enterMs);
      const access = await authenticator.authorize(roomId, query.token);
      const intent = {
        produce: query.produce && access.permissions.publish.length > 0,
        consume: query.consume && access.permissions.watch,
        forceTcp,
      };
      const onWaiting = () => {
        this.#measuresJoin = false;
        this.notify('waiting', {});
      };
      const entered = await rooms.enter({ ...query, intent, access, address, onWaiting, signal });
      this.#context = entered;
      const { peer } = entered;
      await peer.attach(this);
      if (!peer.isReachedBy(this)) {
        return;
      }
      if (transport.closed) {
        this.#onClose();
      } else {
        await peer.connect(intent, keep);
      }
    } catch (error) {
      this.#reject(error);
    }
  }

  #reject(error: unknown): void {
    const { transport, query, log } = this.#options;
    const { closeCode, message: reason, limit, detail } = asAdmissionError(error);
    const { roomId, peerId } = query;
    const fields = { roomId, peerId, closeCode, reason, limit, detail };
    if (limit) {
      transport.limitHit(limit);
    }
    if (transport.closed) {
      // The client has left, and what it was to enter was closed with its socket.
      log.debug(fields, 'peer left while connecting');
    } else if (closeCode === closeCodes.internal) {
      log.error(fields, 'failed to connect peer');
    } else {
      log.info(fields, 'peer rejected');
    }
    transport.close(closeCode, reason);
  }

  #onClose(): void {
    this.#socketClosed.abort();
    // The timer would keep the peer in memory until it fires.
    clearTimeout(this.#joinTimer);
    void this.#queue.end();
    const { peer } = this.#context ?? {};
    if (!peer?.isReachedBy(this)) {
      return;
    }
    const { endCode } = this.#options.transport;
    if (leavingCodes.includes(endCode)) {
      peer.leave('left');
    } else {
      peer.detach(this, endCode === goingAway ? reloadGraceMs : undefined);
    }
  }

  /** Queues a request, or answers it at once if it can't succeed: a queued request takes memory. */
  #receive(request: protoo.Request, accept: Accept, reject: Reject): void {
    let valid: ValidRequest;
    try {
      if (!this.#welcomed) {
        throw new RoomError(errorCodes.forbidden, 'too early: wait for welcome');
      }
      valid = parseRequest(request.method, request.data);
      if (valid.method === 'join') {
        this.#entered().peer.mustExpectJoin(valid.data.generation);
      }
    } catch (error) {
      this.#rejectRequest(request.method, error, reject);
      return;
    }
    // `accept` and `reject` keep the request, and members that the schema drops can take 20 times the memory of their text.
    request.data = undefined;
    if (valid.method === 'resumeProducer') {
      this.#newestResumes.set(valid.data.producerId, valid);
    }
    const job = () => this.#answer(valid, accept, reject);
    const limit = this.#queue.push(job, heapBytes(valid.data));
    if (limit) {
      this.#tooManyQueued(limit);
    }
  }

  #tooManyQueued(limit: LimitName): void {
    const { transport } = this.#options;
    transport.limitHit(limit);
    transport.close(closeCodes.tooMany, 'too many requests are queued');
  }

  async #answer(request: ValidRequest, accept: Accept, reject: Reject): Promise<void> {
    const { cpu, telemetry } = this.#options;
    const { signal } = this.#socketClosed;
    await cpu.available(signal);
    if (signal.aborted) {
      return;
    }
    try {
      const context = this.#entered();
      const reply = this.#isSuperseded(request) ? {} : await this.#handle(context, request);
      cpu.measure(() => accept(reply));
      telemetry.emit('requestAnswered', request.method, 'ok');
      if (request.method === 'join') {
        this.#measureJoin();
      }
    } catch (error) {
      this.#rejectRequest(request.method, error, reject);
    }
  }

  #handle(context: Context, request: ValidRequest): unknown {
    const { cpu } = this.#options;
    cpu.spend(fanOutMs(context, request.method));
    return cpu.measure(() => handle(context, request));
  }

  /** Each resume may have to wait for its turn, and a later one has the same result. */
  #isSuperseded(request: ValidRequest): boolean {
    if (request.method !== 'resumeProducer') {
      return false;
    }
    const { producerId } = request.data;
    const superseded = this.#newestResumes.get(producerId) !== request;
    if (!superseded) {
      this.#newestResumes.delete(producerId);
    }
    return superseded;
  }

  #rejectRequest(requested: string, thrown: unknown, reject: Reject): void {
    const { telemetry, log, query } = this.#options;
    const { roomId, peerId } = query;
    const method = isRequestMethod(requested) ? requested : 'unknown';
    const error = toRoomError(thrown);
    const fields = { roomId, peerId, method: requested };
    if (error instanceof RoomError) {
      telemetry.emit('requestAnswered', method, 'rejected');
      log.debug({ ...fields, error: error.message }, 'request rejected');
      reject(error.code, error.message);
    } else {
      telemetry.emit('requestAnswered', method, 'failed');
      log.error({ ...fields, error: String(error) }, 'request failed');
      reject(errorCodes.internal, 'internal error');
    }
  }

  #measureJoin(): void {
    const { telemetry, openedAt } = this.#options;
    if (this.#measuresJoin) {
      telemetry.emit('joined', (performance.now() - openedAt) / 1000);
    }
    this.#measuresJoin = false;
  }

  #entered(): Context {
    if (!this.#context || this.#context.peer.closed) {
      throw new RoomError(errorCodes.forbidden, 'not in a room');
    }
    return this.#context;
  }
}

function asAdmissionError(error: unknown): AdmissionError {
  if (error instanceof AdmissionError) {
    return error;
  }
  return new AdmissionError(closeCodes.internal, 'internal error', { detail: String(error) });
}
