/** The transports of one `welcome` and everything that goes over them. It outlives the socket that it began with. */
import {
  errorCodes,
  type Device as PeerDevice,
  type RequestReply,
  type RoomData,
  roomDataSchema,
  type Source,
  type Transport,
  type Welcome,
} from '@oneport/protocol';
import type { Device, types } from 'mediasoup-client';
import { type MediaPath, offeredPaths } from '../network/media-paths.ts';
import { type MonitoredTransport, TransportMonitor } from '../network/transport-monitor.ts';
import { RequestError, type SendRequest, type Signalling } from '../signalling/signalling.ts';
import { type ConsumeFailures, Consumers, type TileViews } from './consumers.ts';
import { type DesiredTrack, Publisher } from './publisher.ts';
import { capabilitiesForServer } from './rtp.ts';

export interface MediaSessionEvents {
  onRemoteMediaChanged: () => void;
  onRoomData: (data: RoomData) => void;
  onPublishFailed: (source: Source, reason: string) => void;
  /** The paths that media takes at this moment. Called repeatedly. */
  onPaths: (paths: MediaPath[]) => void;
  /** The server doesn't answer, and nothing is received on the transports either. */
  onNoAnswer: () => void;
  /** Nothing is received any more, or the browser can't continue with these transports. */
  onLost: () => void;
}

export interface MediaSessionOptions {
  welcome: Welcome;
  /** Loaded with the router's capabilities. */
  device: Device;
  request: SendRequest;
  views: TileViews;
  failures: ConsumeFailures;
  events: MediaSessionEvents;
}

export interface JoinOptions {
  displayName: string;
  device: PeerDevice;
}

interface SessionTransport extends MonitoredTransport {
  /** To be sent by `connectWebRtcTransport`, until the server has answered it. */
  dtlsParameters: types.DtlsParameters | undefined;
}

function transportOptions(transport: Transport, welcome: Welcome): types.TransportOptions {
  const { transportId, iceParameters, iceCandidates, dtlsParameters, sctpParameters } = transport;
  return {
    id: transportId,
    iceParameters,
    iceCandidates,
    dtlsParameters,
    iceServers: welcome.iceServers,
    ...(sctpParameters && {
      sctpParameters: {
        ...sctpParameters,
        maxSendMessageSize: sctpParameters.maxMessageSize,
        maxReceiveMessageSize: sctpParameters.maxMessageSize,
      },
    }),
  };
}

export class MediaSession {
  readonly #options: MediaSessionOptions;
  #welcome: Welcome;
  #request: SendRequest;
  #lost = false;
  readonly #transports: readonly SessionTransport[];
  readonly #monitor: TransportMonitor;
  readonly #publisher: Publisher | undefined;
  readonly #consumers: Consumers | undefined;
  readonly #recvTransport: types.Transport | undefined;
  #closed = false;
  #invalidRoomData = 0;

  constructor(options: MediaSessionOptions) {
    const { welcome, device, events } = options;
    this.#options = options;
    this.#welcome = welcome;
    this.#request = options.request;
    const request: SendRequest = (method, data) => this.#request(method, data);
    const transports: SessionTransport[] = [];
    if (welcome.sendTransport) {
      const transport = device.createSendTransport(
        transportOptions(welcome.sendTransport, welcome),
      );
      transports.push(this.#prepare('send', transport, welcome.sendTransport));
      this.#publisher = new Publisher({
        transport,
        request,
        onPublishFailed: events.onPublishFailed,
      });
    }
    if (welcome.recvTransport) {
      const transport = device.createRecvTransport(
        transportOptions(welcome.recvTransport, welcome),
      );
      transports.push(this.#prepare('receive', transport, welcome.recvTransport));
      this.#recvTransport = transport;
      this.#consumers = new Consumers({
        transport,
        request,
        views: options.views,
        failures: options.failures,
        pixelRatio: () => window.devicePixelRatio,
        onChange: events.onRemoteMediaChanged,
        onBroken: () => this.#lose(),
      });
    }
    this.#transports = transports;
    this.#monitor = new TransportMonitor({
      transports,
      onPaths: events.onPaths,
      onNoAnswer: events.onNoAnswer,
      onLost: () => this.#lose(),
    });
  }

  /** Undefined if this peer does not consume. */
  get consumers(): Consumers | undefined {
    return this.#consumers;
  }

  /** Of the newest `welcome`. */
  get generation(): number {
    return this.#welcome.generation;
  }

  /** Whether it can continue with another socket. */
  get usable(): boolean {
    return !this.#closed && !this.#lost;
  }

  uses(signalling: Signalling): boolean {
    return this.#request === signalling.request;
  }

  /** There is no signalling at the moment. */
  suspend(): void {
    this.#publisher?.suspend();
  }

  /**
   * Continues with another socket.
   *
   * @param welcome - of that socket
   * @returns false when it names other transports, or these are not usable: then a new media session is needed
   */
  resume(welcome: Welcome, request: SendRequest): boolean {
    const ids = ({ sendTransport, recvTransport }: Welcome) =>
      [sendTransport?.transportId, recvTransport?.transportId].join();
    if (!this.usable || ids(welcome) !== ids(this.#welcome)) {
      return false;
    }
    this.suspend();
    this.#welcome = welcome;
    this.#request = request;
    return true;
  }

  /**
   * Starts everything without waiting for anything: ICE and DTLS of the receiving transport together with the room's
   * data channel, and `join` right after them.
   *
   * @returns the reply to `join`
   */
  async join(options: JoinOptions): Promise<RequestReply<'join'>> {
    const { device } = this.#options;
    const resumed = this.#welcome !== this.#options.welcome;
    if (!resumed) {
      void this.#openRoomData();
    }
    const joining = this.#request('join', {
      generation: this.generation,
      ...options,
      ...(this.#recvTransport && {
        rtpCapabilities: capabilitiesForServer(device.recvRtpCapabilities),
      }),
      ...(this.#consumers && { consumers: this.#consumers.ids }),
    });
    if (resumed) {
      this.#monitor.signallingResumed();
    }
    const reply = await joining;
    if (resumed) {
      this.#reconcile(reply);
    }
    return reply;
  }

  /**
   * Sends these tracks and no others. To be called after `join`, because the server handles the requests of a peer in
   * order.
   */
  publish(desired: Record<Source, DesiredTrack>): void {
    if (!this.#closed) {
      this.#publisher?.reconcile(desired);
    }
  }

  /** The browser is online again or uses another network. */
  networkChanged(): void {
    this.#monitor.networkChanged();
  }

  close(): void {
    if (this.#closed) {
      return;
    }
    this.#closed = true;
    this.#consumers?.stop();
    this.#publisher?.stop();
    this.#monitor.stop();
    for (const { transport } of this.#transports) {
      transport.close();
    }
  }

  #prepare(
    direction: MonitoredTransport['direction'],
    transport: types.Transport,
    { iceCandidates }: Transport,
  ): SessionTransport {
    const transportId = transport.id;
    const prepared: SessionTransport = {
      direction,
      transport,
      dtlsParameters: undefined,
      offered: offeredPaths(direction, iceCandidates),
      restartIce: async () => {
        const { iceParameters } = await this.#request('restartIce', { transportId });
        await transport.restartIce({ iceParameters });
      },
    };
    transport.on('connect', ({ dtlsParameters }, callback) => {
      prepared.dtlsParameters = dtlsParameters;
      void this.#connect(prepared);
      // The server handles a peer's messages in order, so there is no need to wait for its answer.
      callback();
    });
    return prepared;
  }

  async #connect(target: SessionTransport): Promise<void> {
    const { dtlsParameters, transport } = target;
    if (!dtlsParameters) {
      return;
    }
    try {
      await this.#request('connectWebRtcTransport', { transportId: transport.id, dtlsParameters });
      target.dtlsParameters = undefined;
    } catch (error) {
      const code = error instanceof RequestError ? error.code : undefined;
      // Without an answer it is sent again on the next socket. The server may have received it already: a conflict.
      if (code === undefined || code === errorCodes.conflict) {
        return;
      }
      console.warn('connecting a transport failed', error);
      this.#lose();
    }
  }

  /** Brings server and browser in line after signalling was interrupted. */
  #reconcile({ producers, consumers }: RequestReply<'join'>): void {
    for (const transport of this.#transports) {
      void this.#connect(transport);
    }
    void this.#publisher?.resumed(producers);
    this.#consumers?.resumed(consumers);
  }

  #lose(): void {
    if (this.#closed) {
      return;
    }
    this.#lost = true;
    this.#options.events.onLost();
  }

  async #openRoomData(): Promise<void> {
    const { dataConsumer } = this.#welcome;
    if (!dataConsumer || !this.#recvTransport) {
      return;
    }
    const { dataConsumerId, ...rest } = dataConsumer;
    try {
      const channel = await this.#recvTransport.consumeData({ id: dataConsumerId, ...rest });
      channel.on('message', (message: unknown) => this.#receiveRoomData(message));
    } catch (error) {
      if (this.#closed) {
        return;
      }
      console.warn('opening the room data channel failed', error);
      this.#lose();
    }
  }

  #receiveRoomData(message: unknown): void {
    try {
      const text = message instanceof ArrayBuffer ? new TextDecoder().decode(message) : message;
      const data = roomDataSchema.parse(JSON.parse(String(text)));
      this.#options.events.onRoomData(data);
    } catch (error) {
      this.#invalidRoomData += 1;
      console.warn(`room data: ${this.#invalidRoomData} invalid messages so far`, error);
    }
  }
}
