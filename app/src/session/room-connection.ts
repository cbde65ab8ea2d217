/**
 * The connection to a room: signalling and a media session, replaced as often as necessary. Joining, resuming after a
 * dropped socket and moving to other transports are the same operation: `#adopt` a `welcome` and bring the media
 * session in line with the intent.
 */
import { errorCodes, type RequestReply, type Source, type Welcome } from '@oneport/protocol';
import type { Device } from 'mediasoup-client';
import type { ConsumeFailures, RemoteMedia, TileViews } from '../media/consumers.ts';
import { MediaSession, type MediaSessionEvents } from '../media/media-session.ts';
import type { DesiredTrack } from '../media/publisher.ts';
import { DeviceLoader } from '../media/rtp.ts';
import { browserInfo } from '../page/browser-info.ts';
import type { PageSettings } from '../page/page-url.ts';
import {
  type ConnectionProblem,
  type ConnectionProblemCause,
  Connector,
  type Failure,
} from '../signalling/connector.ts';
import {
  type NotificationHandlers,
  openSignalling,
  RequestError,
  type SendRequest,
  type Signalling,
} from '../signalling/signalling.ts';
import { signallingUrl } from '../signalling/signalling-url.ts';
import type { SocketClose } from '../signalling/socket.ts';

/** The connection follows the intent, and reads it whenever necessary. */
interface Intent {
  readonly self: () => { peerId: string; displayName: string };
  readonly desiredTracks: () => Record<Source, DesiredTrack>;
  readonly views: TileViews;
}

/** Handled by the connection itself. */
type MediaNotification =
  | 'welcome'
  | 'consumerClosed'
  | 'consumerPaused'
  | 'consumerResumed'
  | 'consumerLayersChanged';

export interface RoomConnectionEvents
  extends Pick<MediaSessionEvents, 'onRoomData' | 'onPublishFailed'> {
  /** Called before the media session is brought in line, so that the intent can follow the permissions. */
  onWelcome: (welcome: Welcome) => void;
  /**
   * @param connected - whether the media session continues or is new, and what it receives; `consumes` is false if
   * this peer asked for nothing to receive
   */
  onJoined: (
    reply: RequestReply<'join'>,
    connected: { resumed: boolean; consumes: boolean; media: readonly RemoteMedia[] },
  ) => void;
  onRemoteMedia: (media: readonly RemoteMedia[]) => void;
  onPaths: (paths: Parameters<MediaSessionEvents['onPaths']>[0], welcome: Welcome) => void;
  onProblem: (problem: ConnectionProblem) => void;
  onFailure: (failure: Failure) => void;
  onResumeRejected: () => void;
}

export interface RoomConnectionOptions {
  roomId: string;
  page: Pick<PageSettings, 'forceTcp' | 'produce' | 'consume'>;
  server: string;
  token: () => string | undefined;
  intent: Intent;
  notifications: Omit<NotificationHandlers, MediaNotification>;
  events: RoomConnectionEvents;
}

export class RoomConnection {
  readonly #options: RoomConnectionOptions;
  readonly #connector: Connector;
  readonly #deviceLoader = new DeviceLoader();
  readonly #failures: ConsumeFailures = { unsupported: new Map(), suspected: new Set() };
  #mediaSession: MediaSession | undefined;

  constructor(options: RoomConnectionOptions) {
    this.#options = options;
    const { onProblem, onFailure, onResumeRejected } = options.events;
    this.#connector = new Connector({
      open: (resume, onClose) => this.#openSignalling(resume, onClose),
      onProblem: (problem) => {
        this.#mediaSession?.suspend();
        onProblem(problem);
      },
      onFailure,
      onResumeRejected,
    });
  }

  get resumeSecret(): string | undefined {
    return this.#connector.resumeSecret;
  }

  /** @param resumeSecret - of a session from before the page was reloaded */
  start(resumeSecret?: string): void {
    this.#connector.start(resumeSecret);
  }

  /** Leaves the room. */
  stop(): void {
    this.#connector.stop();
    this.#closeMediaSession();
  }

  retryNow(): void {
    this.#connector.retryNow();
  }

  networkChanged(): void {
    this.#mediaSession?.suspend();
    this.#connector.replace();
    this.#mediaSession?.networkChanged();
  }

  /** The desired tracks may have changed. */
  publish(): void {
    this.#mediaSession?.publish(this.#options.intent.desiredTracks());
  }

  viewsChanged(): void {
    this.#mediaSession?.consumers?.viewsChanged();
  }

  readonly request: SendRequest = (method, data) => {
    const { signalling } = this.#connector;
    return signalling
      ? signalling.request(method, data)
      : Promise.reject(new RequestError(method, undefined, 'there is no connection'));
  };

  #openSignalling(resume: string | undefined, onClose: (close: SocketClose) => void): Signalling {
    const { page, roomId, server, intent, notifications } = this.#options;
    const { forceTcp, produce, consume } = page;
    const keep = resume !== undefined && this.#mediaSession?.usable === true;
    const token = this.#options.token();
    const query = { forceTcp, produce, consume, roomId, ...intent.self(), resume, keep, token };
    const consumers = () => this.#mediaSession?.consumers;
    return openSignalling(signallingUrl(server, query), {
      notifications: {
        ...notifications,
        welcome: (welcome) => void this.#adopt(welcome),
        consumerClosed: ({ consumerId }) => consumers()?.close(consumerId),
        consumerPaused: ({ consumerId }) => consumers()?.setState(consumerId, 'paused'),
        consumerResumed: ({ consumerId }) => consumers()?.setState(consumerId, 'live'),
        // For clients that show statistics.
        consumerLayersChanged: () => undefined,
      },
      requests: {
        newConsumers: async ({ generation, consumers: offers }) => {
          // Consumers of an earlier generation belong to a transport that no longer exists.
          const current = this.#mediaSession?.generation === generation ? consumers() : undefined;
          return (await current?.accept(offers)) ?? { accepted: [] };
        },
      },
      onClose,
    });
  }

  async #adopt(welcome: Welcome): Promise<void> {
    const { signalling } = this.#connector;
    if (!signalling) {
      return;
    }
    this.#connector.welcomed(welcome.resumeSecret);
    this.#options.events.onWelcome(welcome);
    try {
      const resumed = this.#mediaSession?.resume(welcome, signalling.request) === true;
      if (!resumed) {
        const device = await this.#loadDevice(welcome);
        // While the device was loading, the socket may have closed or another `welcome` may have arrived.
        if (!device || signalling !== this.#connector.signalling) {
          return;
        }
        this.#mediaSession = this.#createMediaSession(welcome, device, signalling);
      }
      const mediaSession = this.#mediaSession;
      if (!mediaSession) {
        return;
      }
      const joining = mediaSession.join({
        displayName: this.#options.intent.self().displayName,
        device: browserInfo(navigator.userAgent),
      });
      this.publish();
      const reply = await joining;
      if (mediaSession === this.#mediaSession && signalling === this.#connector.signalling) {
        this.#joined(reply, resumed);
      }
    } catch (error) {
      this.#joinFailed(signalling, error);
    }
  }

  async #loadDevice({ routerRtpCapabilities }: Welcome): Promise<Device | undefined> {
    this.#closeMediaSession();
    try {
      const device = await this.#deviceLoader.load(routerRtpCapabilities);
      this.#closeMediaSession();
      return device;
    } catch (error) {
      this.#fail('unsupported', error);
      return undefined;
    }
  }

  #createMediaSession(welcome: Welcome, device: Device, signalling: Signalling): MediaSession {
    const { intent, events } = this.#options;
    const reconnect = (cause: ConnectionProblemCause) => {
      // Without a socket, the next attempt is under way already.
      const current = this.#connector.signalling;
      if (mediaSession !== this.#mediaSession || !current) {
        return;
      }
      // For lost media the next socket gets new transports. A socket is not to blame for the silence of another one.
      if (cause === 'media-lost' || mediaSession.uses(current)) {
        this.#connector.reconnect(cause);
      }
    };
    const mediaSession: MediaSession = new MediaSession({
      welcome,
      device,
      request: signalling.request,
      views: intent.views,
      failures: this.#failures,
      events: {
        onRemoteMediaChanged: () => events.onRemoteMedia(mediaSession.consumers?.media() ?? []),
        onRoomData: events.onRoomData,
        onPublishFailed: events.onPublishFailed,
        onPaths: (paths) => events.onPaths(paths, welcome),
        onNoAnswer: () => reconnect('unreachable'),
        onLost: () => reconnect('media-lost'),
      },
    });
    return mediaSession;
  }

  #joined(reply: RequestReply<'join'>, resumed: boolean): void {
    const consumers = this.#mediaSession?.consumers;
    this.#options.events.onJoined(reply, {
      resumed,
      consumes: consumers !== undefined,
      media: consumers?.media() ?? [],
    });
    this.#connector.joined();
  }

  #joinFailed(signalling: Signalling, error: unknown): void {
    // Another socket or `welcome` is being handled.
    if (signalling !== this.#connector.signalling) {
      return;
    }
    const code = error instanceof RequestError ? error.code : errorCodes.badRequest;
    if (code === errorCodes.conflict) {
      return;
    }
    // Without an answer, or after an error of the server, another attempt may succeed.
    if (code === undefined || code >= errorCodes.internal) {
      this.#connector.reconnect('unreachable');
    } else {
      this.#fail('bad-request', error);
    }
  }

  #fail(kind: Failure['kind'], error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    this.#options.events.onFailure({ kind, reason });
  }

  #closeMediaSession(): void {
    this.#mediaSession?.close();
    this.#mediaSession = undefined;
  }
}
