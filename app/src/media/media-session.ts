/** The media of one `welcome`: a device, two transports, and what goes over them. */
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
import { type Link, NetworkWatch } from '../network/transport-monitor.ts';
import { RequestError, type SendRequest, type Signalling } from '../signalling/signalling.ts';
import { Consuming, type TileViews, type Unreceivable } from './consumers.ts';
import { Publisher, type Wanted } from './publisher.ts';
import { capabilitiesForServer } from './rtp.ts';

export interface ConnectionEvents {
  /** What arrives from the others has changed. */
  onMedia: () => void;
  onRoomData: (data: RoomData) => void;
  onRefused: (source: Source, reason: string) => void;
  /** The ways that media takes at this moment: told again and again. */
  onPaths: (paths: MediaPath[]) => void;
  /** The server doesn't answer, and nothing comes over the transports either. */
  onNoAnswer: () => void;
  /** Nothing comes through any more, or the browser can't go on with this connection. */
  onLost: () => void;
}

export interface ConnectionOptions {
  welcome: Welcome;
  /** Loaded with the router's capabilities. */
  device: Device;
  request: SendRequest;
  views: TileViews;
  unreceivable: Unreceivable;
  events: ConnectionEvents;
}

export interface JoinAs {
  displayName: string;
  device: PeerDevice;
}

interface ConnectionLink extends Link {
  /** What `connectWebRtcTransport` has to say, until the server has answered it. */
  dtlsParameters: types.DtlsParameters | undefined;
}

/** W3C ORTC's dictionaries, in the form that mediasoup-client wants. */
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

export class Connection {
  readonly #options: ConnectionOptions;
  #welcome: Welcome;
  #request: SendRequest;
  /** Nothing comes through any more, or the browser can't go on. */
  #lost = false;
  readonly #links: readonly ConnectionLink[];
  readonly #network: NetworkWatch;
  readonly #publisher: Publisher | undefined;
  readonly #consuming: Consuming | undefined;
  readonly #receive: types.Transport | undefined;
  #closed = false;
  #badRoomData = 0;

  constructor(options: ConnectionOptions) {
    const { welcome, device, events } = options;
    this.#options = options;
    this.#welcome = welcome;
    this.#request = options.request;
    const request: SendRequest = (method, data) => this.#request(method, data);
    const links: ConnectionLink[] = [];
    if (welcome.sendTransport) {
      const transport = device.createSendTransport(
        transportOptions(welcome.sendTransport, welcome),
      );
      links.push(this.#link('send', transport, welcome.sendTransport));
      this.#publisher = new Publisher({ transport, request, onRefused: events.onRefused });
    }
    if (welcome.recvTransport) {
      const transport = device.createRecvTransport(
        transportOptions(welcome.recvTransport, welcome),
      );
      links.push(this.#link('receive', transport, welcome.recvTransport));
      this.#receive = transport;
      this.#consuming = new Consuming({
        transport,
        request,
        views: options.views,
        unreceivable: options.unreceivable,
        pixelRatio: () => window.devicePixelRatio,
        onChange: events.onMedia,
        onBroken: () => this.#lose(),
      });
    }
    this.#links = links;
    this.#network = new NetworkWatch({
      links,
      onPaths: events.onPaths,
      onNoAnswer: events.onNoAnswer,
      onLost: () => this.#lose(),
    });
  }

  get consuming(): Consuming | undefined {
    return this.#consuming;
  }

  /** Of the newest `welcome`. */
  get generation(): number {
    return this.#welcome.generation;
  }

  /** Whether it is of use beyond its socket. */
  get canGoOn(): boolean {
    return !this.#closed && !this.#lost;
  }

  /** Whether it is this socket's. */
  uses(signalling: Signalling): boolean {
    return this.#request === signalling.request;
  }

  /** There is no signalling for a while. */
  suspend(): void {
    this.#publisher?.suspend();
  }

  /**
   * Goes on by another socket.
   *
   * @param welcome - that socket's
   * @returns false when it is about other transports: this connection is of no use any more
   */
  resume(welcome: Welcome, request: SendRequest): boolean {
    const ids = ({ sendTransport, recvTransport }: Welcome) =>
      [sendTransport?.transportId, recvTransport?.transportId].join();
    if (!this.canGoOn || ids(welcome) !== ids(this.#welcome)) {
      return false;
    }
    this.suspend();
    this.#welcome = welcome;
    this.#request = request;
    return true;
  }

  /**
   * Starts everything without waiting for anything: the receiving side's ICE and DTLS with the
   * room's data channel, and `join` right behind.
   *
   * @returns the reply to `join`
   */
  async join(as: JoinAs): Promise<RequestReply<'join'>> {
    const { device } = this.#options;
    const resumes = this.#welcome !== this.#options.welcome;
    if (!resumes) {
      void this.#openRoomData();
    }
    const replying = this.#request('join', {
      generation: this.generation,
      ...as,
      ...(this.#receive && { rtpCapabilities: capabilitiesForServer(device.recvRtpCapabilities) }),
      ...(this.#consuming && { consumers: this.#consuming.ids }),
    });
    if (resumes) {
      this.#network.signallingIsBack();
    }
    const reply = await replying;
    if (resumes) {
      this.#resumed(reply);
    }
    return reply;
  }

  /** Sends what is wanted, and only that. Not before `join` was called: the server takes them in order. */
  publish(wanted: Record<Source, Wanted>): void {
    if (!this.#closed) {
      this.#publisher?.reconcile(wanted);
    }
  }

  /** The browser has another network than before, or one again. */
  networkChanged(): void {
    this.#network.networkChanged();
  }

  close(): void {
    if (this.#closed) {
      return;
    }
    this.#closed = true;
    this.#consuming?.end();
    this.#publisher?.end();
    this.#network.stop();
    for (const { transport } of this.#links) {
      transport.close();
    }
  }

  #link(
    direction: Link['direction'],
    transport: types.Transport,
    offer: Transport,
  ): ConnectionLink {
    const transportId = transport.id;
    const link: ConnectionLink = {
      direction,
      transport,
      dtlsParameters: undefined,
      offered: offeredPaths(direction, offer.iceCandidates),
      restartIce: async () => {
        const { iceParameters } = await this.#request('restartIce', { transportId });
        await transport.restartIce({ iceParameters });
      },
    };
    transport.on('connect', ({ dtlsParameters }, callback) => {
      link.dtlsParameters = dtlsParameters;
      void this.#connect(link);
      // The server handles a peer's messages in order, so there is no need to wait for its answer.
      callback();
    });
    return link;
  }

  async #connect(link: ConnectionLink): Promise<void> {
    const { dtlsParameters, transport } = link;
    if (!dtlsParameters) {
      return;
    }
    try {
      await this.#request('connectWebRtcTransport', { transportId: transport.id, dtlsParameters });
      link.dtlsParameters = undefined;
    } catch (error) {
      const code = error instanceof RequestError ? error.code : undefined;
      // Without an answer it is sent again by the next socket; and then the server may know it already.
      if (code === undefined || code === errorCodes.conflict) {
        return;
      }
      console.warn('connecting a transport failed', error);
      this.#lose();
    }
  }

  /** The server has said what it knows of. */
  #resumed({ producers, consumers }: RequestReply<'join'>): void {
    for (const link of this.#links) {
      void this.#connect(link);
    }
    void this.#publisher?.resumed(producers);
    this.#consuming?.resumed(consumers);
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
    if (!dataConsumer || !this.#receive) {
      return;
    }
    const { dataConsumerId, ...rest } = dataConsumer;
    try {
      const channel = await this.#receive.consumeData({ id: dataConsumerId, ...rest });
      channel.on('message', (message: unknown) => this.#receiveRoomData(message));
    } catch (error) {
      if (this.#closed) {
        return;
      }
      console.warn('the room data channel failed', error);
      this.#lose();
    }
  }

  #receiveRoomData(message: unknown): void {
    try {
      const text = message instanceof ArrayBuffer ? new TextDecoder().decode(message) : message;
      const data = roomDataSchema.parse(JSON.parse(String(text)));
      this.#options.events.onRoomData(data);
    } catch (error) {
      this.#badRoomData += 1;
      console.warn(`room data: ${this.#badRoomData} bad messages so far`, error);
    }
  }
}
