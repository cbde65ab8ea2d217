/** The media of one `welcome`: a device, two transports, and what goes over them. */
import {
  type ChatMessage,
  type Device as PeerDevice,
  type PeerInfo,
  type RoomData,
  roomDataSchema,
  type Source,
  type Transport,
  type Welcome,
} from '@oneport/protocol';
import type { Device, types } from 'mediasoup-client';
import { Consuming, type TileViews, type Unreceivable } from './consuming.ts';
import { type MediaPath, offeredPaths } from './media-paths.ts';
import { type Link, NetworkWatch } from './network-watch.ts';
import { Publisher, type Wanted } from './publishing.ts';
import { capabilitiesForServer } from './rtp.ts';
import type { SendRequest } from './signalling.ts';

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
  readonly generation: number;
  readonly #options: ConnectionOptions;
  readonly #links: readonly Link[];
  readonly #network: NetworkWatch;
  readonly #publisher: Publisher | undefined;
  readonly #consuming: Consuming | undefined;
  readonly #receive: types.Transport | undefined;
  #closed = false;
  #badRoomData = 0;

  constructor(options: ConnectionOptions) {
    const { welcome, device, request, events } = options;
    this.#options = options;
    this.generation = welcome.generation;
    const links: Link[] = [];
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
        onBroken: events.onLost,
      });
    }
    this.#links = links;
    this.#network = new NetworkWatch({
      links,
      onPaths: events.onPaths,
      onNoAnswer: events.onNoAnswer,
      onLost: () => this.#lost(),
    });
  }

  get consuming(): Consuming | undefined {
    return this.#consuming;
  }

  /**
   * Starts everything without waiting for anything: the receiving side's ICE and DTLS with the
   * room's data channel, and `join` right behind.
   *
   * @returns the reply to `join`
   */
  async join(as: JoinAs): Promise<{ peers: PeerInfo[]; chat: ChatMessage[] }> {
    const { welcome, device, request } = this.#options;
    void this.#openRoomData();
    return request('join', {
      generation: welcome.generation,
      ...as,
      ...(this.#receive && { rtpCapabilities: capabilitiesForServer(device.recvRtpCapabilities) }),
    });
  }

  /** Sends what is wanted, and only that. Not before `join` was called: the server takes them in order. */
  publish(wanted: Record<Source, Wanted>): void {
    if (!this.#closed) this.#publisher?.reconcile(wanted);
  }

  /** The browser has another network than before, or one again. */
  networkChanged(): void {
    this.#network.networkChanged();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#consuming?.end();
    this.#publisher?.end();
    this.#network.stop();
    for (const { transport } of this.#links) transport.close();
  }

  #link(direction: Link['direction'], transport: types.Transport, offer: Transport): Link {
    const { request } = this.#options;
    const transportId = transport.id;
    transport.on('connect', ({ dtlsParameters }, callback) => {
      request('connectWebRtcTransport', { transportId, dtlsParameters }).catch((error: unknown) => {
        console.warn('connecting a transport failed', error);
        this.#lost();
      });
      // The server handles a peer's messages in order, so there is no need to wait for its answer.
      callback();
    });
    return {
      direction,
      transport,
      offered: offeredPaths(direction, offer.iceCandidates),
      restartIce: async () => {
        const { iceParameters } = await request('restartIce', { transportId });
        await transport.restartIce({ iceParameters });
      },
    };
  }

  #lost(): void {
    if (!this.#closed) this.#options.events.onLost();
  }

  async #openRoomData(): Promise<void> {
    const { dataConsumer } = this.#options.welcome;
    if (!dataConsumer || !this.#receive) return;
    const { dataConsumerId, ...rest } = dataConsumer;
    try {
      const channel = await this.#receive.consumeData({ id: dataConsumerId, ...rest });
      channel.on('message', (message: unknown) => this.#receiveRoomData(message));
    } catch (error) {
      if (this.#closed) return;
      console.warn('the room data channel failed', error);
      this.#lost();
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
