/**
 * A room as one peer sees it. It keeps the intent (what I publish, how large each tile is, my name)
 * apart from the connection, and brings the connection in line with the intent: joining, coming
 * back after a drop and moving to other transports are the same operation, `#adopt` a `welcome`.
 */
import { displayNameSchema, errorCodes, type RequestReply, type Welcome } from '@oneport/protocol';
import type { Device } from 'mediasoup-client';
import { LocalMedia } from '../devices/local-media.ts';
import { tileKey, type Unreceivable } from '../media/consumers.ts';
import { DeviceLoader } from '../media/device-loader.ts';
import type { TileView } from '../media/layers.ts';
import { Connection } from '../media/media-session.ts';
import { wantedSources } from '../media/publisher.ts';
import { MediaState } from '../network/media-status.ts';
import { browserInfo } from '../page/browser-info.ts';
import type { PageSettings } from '../page/page-url.ts';
import { type PreferenceStorage, RememberedPreferences } from '../page/preferences.ts';
import type { Place } from '../page/session-restore.ts';
import {
  Connector,
  type FailureKind,
  type Trouble,
  type TroubleCause,
} from '../signalling/connector.ts';
import {
  openSignalling,
  RequestError,
  type SendRequest,
  type Signalling,
} from '../signalling/signalling.ts';
import { signallingUrl } from '../signalling/signalling-url.ts';
import type { SocketEnd } from '../signalling/socket.ts';
import { Store } from '../store.ts';
import { OwnDevices } from './device-controls.ts';
import { dispatch } from './dispatch.ts';
import { nameOrGuest } from './display-name.ts';
import { beforeWelcome, Moderation } from './moderation.ts';
import { Notices } from './notices.ts';
import { Room } from './room-state.ts';
import type { Phase, Snapshot } from './snapshot.ts';

export interface RoomSessionOptions {
  roomId: string;
  /** What the page's URL says about how to take part. */
  page: Pick<PageSettings, 'displayName' | 'forceTcp' | 'produce' | 'consume'>;
  /** Where the server is, such as `location.href`: `http:` gives `ws:`, `https:` gives `wss:`. */
  server: string;
  storage: PreferenceStorage | undefined;
  /** Where I was before the page was loaded again. */
  place?: Place | undefined;
  /** Asked at each attempt to connect, so that a fresh one can be given. */
  token?: () => string | undefined;
}

export class RoomSession {
  readonly #options: RoomSessionOptions;
  readonly #store: Store<Snapshot>;
  readonly #connector: Connector;
  readonly #notices: Notices;

  // The intent.
  readonly #local: LocalMedia;
  readonly #views = new Map<string, TileView>();
  readonly #unreceivable: Unreceivable = { culprits: new Set(), suspects: new Set() };
  readonly #preferences: RememberedPreferences;
  /** The page was loaded again, and I am not yet back. */
  #returning = false;

  // The connection.
  #connection: Connection | undefined;
  readonly #media: MediaState;
  readonly #deviceLoader = new DeviceLoader();

  readonly #room: Room;
  /** What I do to my microphone, camera and screen. */
  readonly devices: OwnDevices;
  /** What I may do here, and what I do as a moderator. */
  readonly moderation: Moderation;

  constructor(options: RoomSessionOptions) {
    this.#options = options;
    this.#preferences = new RememberedPreferences(options.storage);
    const preferences = this.#preferences.current;
    this.#local = new LocalMedia(preferences);
    const { devices, ...sources } = this.#local.state;
    this.#notices = new Notices((notices) => this.#store.update({ notices }));
    this.devices = new OwnDevices({
      local: this.#local,
      preferences: this.#preferences,
      notices: this.#notices,
      onChosen: () => this.#store.updateIfOther({ chosen: this.devices.chosen }),
    });
    this.#room = new Room({
      notices: this.#notices,
      onChange: (view) => this.#store.update(view),
    });
    this.#store = new Store<Snapshot>({
      phase: { state: 'lobby' },
      roomId: options.roomId,
      self: {
        peerId: this.#room.newIdentity(options.place?.peerId),
        displayName:
          options.place?.displayName ?? options.page.displayName ?? preferences.displayName,
        ...sources,
        role: options.page.produce ? 'participant' : 'watching',
      },
      ...this.#room.view,
      activeSpeaker: null,
      byInvitation: options.token?.() !== undefined,
      moderation: beforeWelcome,
      media: undefined,
      devices,
      chosen: this.devices.chosen,
      notices: [],
    });
    this.#media = new MediaState({
      onChange: (media) => this.#store.updateIfOther({ media }),
      onBack: () => this.#notices.add({ type: 'reconnected' }),
    });
    this.moderation = new Moderation({
      request: (method, data) => this.#request(method, data),
      notices: this.#notices,
      local: this.#local,
      onChange: (moderation) => this.#store.update({ moderation }),
    });
    this.#connector = new Connector({
      open: (resume, ended) => this.#openSignalling(resume, ended),
      onTrouble: (trouble) => this.#troubled(trouble),
      onFailure: (failure) => this.#end({ state: 'failed', failure }),
      onPlaceLost: () => this.#placeLost(),
    });
    this.#local.subscribe(() => this.#localChanged());
  }

  readonly getSnapshot = (): Snapshot => this.#store.get();

  /**
   * @param listener - called after each change of the snapshot
   * @returns stops the calls
   */
  readonly subscribe = (listener: () => void): (() => void) => this.#store.subscribe(listener);

  /**
   * Opens the microphone and camera as last time, to be seen in the lobby before anybody else does. Who was in the
   * call before the page was loaded again goes straight back, with both as they were.
   */
  async open(): Promise<void> {
    const { page, place } = this.#options;
    const opening = page.produce ? this.devices.openAgain(place) : undefined;
    if (place) {
      this.#returning = true;
      this.#store.update({ phase: { state: 'reconnecting', trouble: undefined } });
      this.#connector.start(place.resumeSecret);
    }
    await opening;
  }

  /** What the page that comes next has to know to take my place, if I have one. */
  get place(): Place | undefined {
    const { roomId, self } = this.getSnapshot();
    const { resumeSecret } = this.#connector;
    if (!this.#inCall || resumeSecret === undefined) {
      return undefined;
    }
    const { peerId, displayName: name } = self;
    return { roomId, peerId, displayName: nameOrGuest(name), resumeSecret, ...this.devices.open };
  }

  /** Enters the room, or enters it again after having left. */
  join(): void {
    const { state } = this.getSnapshot().phase;
    if (state !== 'lobby' && state !== 'left' && state !== 'failed') {
      return;
    }
    // After leaving, the server may not have seen the old socket close yet.
    if (state !== 'lobby') {
      this.#updateSelf({ peerId: this.#room.newIdentity() });
    }
    this.#updateSelf({ displayName: nameOrGuest(this.getSnapshot().self.displayName) });
    this.#store.update({ phase: { state: 'joining', trouble: undefined } });
    if (state !== 'lobby' && this.#options.page.produce) {
      void this.devices.openAgain();
    }
    this.#connector.start();
  }

  /** Leaves for good, politely, and closes all devices. */
  leave(): void {
    const { state } = this.getSnapshot().phase;
    if (state === 'left' || state === 'failed') {
      return;
    }
    this.#end({ state: 'left' });
  }

  /** Doesn't wait for the next attempt's time. */
  retryNow(): void {
    this.#connector.retryNow();
  }

  /** The browser has another network than before, or one again. */
  networkChanged(): void {
    this.#connection?.suspend();
    this.#connector.replace();
    this.#connection?.networkChanged();
  }

  /** What the others shall call me; an impossible name is kept for the field, but not sent. */
  setDisplayName(displayName: string): void {
    this.#updateSelf({ displayName });
    this.#preferences.change({ displayName: displayName.trim() });
    const valid = displayNameSchema.safeParse(displayName);
    if (this.getSnapshot().phase.state !== 'joined' || !valid.success) {
      return;
    }
    this.#request('changeDisplayName', { displayName: valid.data }).catch((error: unknown) =>
      console.warn('changing the name failed', error),
    );
  }

  /** Sends a chat message. @returns false if it didn't get through (a notice says why) */
  async sendChat(text: string): Promise<boolean> {
    return await this.#room.say(text, this.getSnapshot().self, this.#request);
  }

  /**
   * How a tile is shown: what is small, hidden or scrolled away needs fewer bits.
   *
   * @param view - undefined: there is no such tile any more
   */
  setTileView(peerId: string, source: 'camera' | 'screen', view: TileView | undefined): void {
    const key = tileKey(peerId, source);
    if (view) {
      this.#views.set(key, view);
    } else {
      this.#views.delete(key);
    }
    this.#connection?.consuming?.viewsChanged();
  }

  dismissNotice(id: number): void {
    this.#notices.remove(id);
  }

  #openSignalling(resume: string | undefined, ended: (end: SocketEnd) => void): Signalling {
    const { page, roomId, server } = this.#options;
    const { peerId, ...self } = this.getSnapshot().self;
    const keep = resume !== undefined && this.#connection?.canGoOn === true;
    const token = this.#options.token?.();
    const displayName = nameOrGuest(self.displayName);
    const query = { ...page, roomId, peerId, resume, keep, token, displayName };
    const handlers = dispatch({
      room: this.#room,
      moderation: this.moderation,
      onWaiting: () => this.#store.update({ phase: { state: 'waiting' } }),
      connection: () => this.#connection,
      onWelcome: (welcome) => void this.#adopt(welcome),
      onActiveSpeaker: (activeSpeaker) => this.#store.update({ activeSpeaker }),
    });
    return openSignalling(signallingUrl(server, query), { ...handlers, ended });
  }

  /** Makes the connection that `welcome` describes, in line with the intent, or goes on with the one that it names. */
  async #adopt(welcome: Welcome): Promise<void> {
    const signalling = this.#connector.signalling;
    if (!signalling) {
      return;
    }
    this.#connector.welcomed(welcome.resumeSecret);
    this.#allowed(welcome);
    try {
      const resumes = this.#connection?.resume(welcome, signalling.request) === true;
      if (!resumes) {
        const device = await this.#loadDevice(welcome);
        // The socket may have gone, or another welcome come, while the device was loading.
        if (!device || signalling !== this.#connector.signalling) {
          return;
        }
        this.#connection = this.#connect(welcome, device, signalling);
      }
      const connection = this.#connection;
      if (!connection) {
        return;
      }
      const joining = connection.join({
        displayName: nameOrGuest(this.getSnapshot().self.displayName),
        device: browserInfo(navigator.userAgent),
      });
      connection.publish(wantedSources(this.#local.state));
      const reply = await joining;
      if (connection === this.#connection && signalling === this.#connector.signalling) {
        this.#joined(reply, resumes);
      }
    } catch (error) {
      this.#notJoined(signalling, error);
    }
  }

  /** Takes on what the token says. */
  #allowed(welcome: Welcome): void {
    const { produce } = this.#options.page;
    this.moderation.welcomed(welcome);
    this.#updateSelf({
      role: produce && welcome.permissions.publish.length > 0 ? 'participant' : 'watching',
      ...(welcome.displayName && { displayName: welcome.displayName }),
    });
  }

  async #loadDevice({ routerRtpCapabilities }: Welcome): Promise<Device | undefined> {
    this.#dropConnection();
    try {
      const device = await this.#deviceLoader.load(routerRtpCapabilities);
      this.#dropConnection();
      return device;
    } catch (error) {
      this.#fail('unsupported', error);
      return undefined;
    }
  }

  #connect(welcome: Welcome, device: Device, signalling: Signalling): Connection {
    const reconnect = (cause: TroubleCause) => {
      // Without a socket it has to wait for the next one, which is under way.
      const current = this.#connector.signalling;
      if (connection !== this.#connection || !current) {
        return;
      }
      // The next one asks for new transports, and this one must not be blamed for another's silence.
      if (cause === 'media-lost' || connection.uses(current)) {
        this.#connector.reconnect(cause);
      }
    };
    const connection: Connection = new Connection({
      welcome,
      device,
      request: signalling.request,
      views: this.#views,
      unreceivable: this.#unreceivable,
      events: {
        onMedia: () => this.#room.mediaChanged(connection.consuming?.media() ?? []),
        onRoomData: (data) => this.#room.chatted([data]),
        onRefused: (source, reason) => this.#notices.add({ type: 'not-sent', source, reason }),
        onPaths: (paths) => this.#media.pathsAre(paths, welcome.portMode),
        onNoAnswer: () => reconnect('unreachable'),
        onLost: () => reconnect('media-lost'),
      },
    });
    return connection;
  }

  #notJoined(signalling: Signalling, error: unknown): void {
    // Another socket or another `welcome` is being dealt with.
    if (signalling !== this.#connector.signalling) {
      return;
    }
    const code = error instanceof RequestError ? error.code : errorCodes.badRequest;
    if (code === errorCodes.conflict) {
      return;
    }
    // No answer, or a fault of the server's: it may be better next time.
    if (code === undefined || code >= errorCodes.internal) {
      this.#connector.reconnect('unreachable');
    } else {
      this.#fail('bad-request', error);
    }
  }

  #fail(kind: FailureKind, error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    this.#end({ state: 'failed', failure: { kind, reason } });
  }

  #placeLost(): void {
    this.#updateSelf({ peerId: this.#room.newIdentity() });
    if (!this.#returning) {
      return;
    }
    // Who loads a page asks to come back, not to come in as somebody else.
    this.#returning = false;
    this.#connector.stop();
    this.#store.update({ phase: { state: 'lobby' } });
  }

  #joined(reply: RequestReply<'join'>, resumes: boolean): void {
    this.#returning = false;
    const wasReconnecting = this.getSnapshot().phase.state === 'reconnecting';
    this.#room.entered(reply);
    const media = this.#connection?.consuming?.media() ?? [];
    if (resumes) {
      this.#room.mediaChanged(media);
    } else {
      this.#room.transportsChanged(media);
    }
    this.#store.update({ phase: { state: 'joined' } });
    this.#connector.settled();
    // Whoever receives gets what the server itself has to say, even alone.
    if (this.#connection?.consuming) {
      this.#media.expect();
    }
    if (wasReconnecting && !this.#media.lost) {
      this.#notices.add({ type: 'reconnected' });
    }
  }

  #troubled(trouble: Trouble): void {
    this.#connection?.suspend();
    if (trouble.serverGone) {
      this.#notices.removeAll('server-stopping');
    }
    if (trouble.cause === 'media-lost') {
      this.#media.lose();
    }
    const state = this.#inCall ? 'reconnecting' : 'joining';
    // Who speaks the server would say, and it doesn't.
    this.#store.update({ phase: { state, trouble }, activeSpeaker: null });
  }

  #end(phase: Extract<Phase, { state: 'left' | 'failed' }>): void {
    this.#connector.stop();
    this.#dropConnection();
    this.devices.close();
    this.#room.left();
    this.#notices.clear();
    this.#media.end();
    this.#store.update({ phase, activeSpeaker: null });
  }

  get #inCall(): boolean {
    const { state } = this.getSnapshot().phase;
    return state === 'joined' || state === 'reconnecting';
  }

  #dropConnection(): void {
    this.#connection?.close();
    this.#connection = undefined;
  }

  #localChanged(): void {
    const { devices, ...sources } = this.#local.state;
    this.#updateSelf(sources);
    this.#store.update({ devices });
    this.#store.updateIfOther({ chosen: this.devices.chosen });
    this.#connection?.publish(wantedSources(this.#local.state));
  }

  readonly #request: SendRequest = (method, data) => {
    const signalling = this.#connector.signalling;
    return signalling
      ? signalling.request(method, data)
      : Promise.reject(new RequestError(method, undefined, 'there is no connection'));
  };

  #updateSelf(change: Partial<Snapshot['self']>): void {
    this.#store.update({ self: { ...this.getSnapshot().self, ...change } });
  }
}
