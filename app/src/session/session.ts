/**
 * A room as the local peer sees it: one immutable snapshot to render, and commands. The session keeps the intent (what
 * to publish, how large each tile is, the name) apart from the connection, which follows it.
 */
import { displayNameSchema, type RequestReply, type Welcome } from '@oneport/protocol';
import { LocalMedia } from '../devices/local-media.ts';
import { tileKey } from '../media/consumers.ts';
import type { TileView } from '../media/layers.ts';
import { desiredTracks } from '../media/publisher.ts';
import { MediaStatus } from '../network/media-status.ts';
import type { PageSettings } from '../page/page-url.ts';
import { nameOrGuest, StoredPreferences } from '../page/preferences.ts';
import type { SavedSession } from '../page/session-restore.ts';
import type { PageStorage } from '../page/storage.ts';
import { nameInToken } from '../page/token-name.ts';
import type { ConnectionProblem } from '../signalling/connector.ts';
import { Store } from '../store.ts';
import { DeviceControls } from './device-controls.ts';
import { initialModeration, Moderation } from './moderation.ts';
import { Notices } from './notices.ts';
import {
  RoomConnection,
  type RoomConnectionEvents,
  type RoomConnectionOptions,
} from './room-connection.ts';
import { RoomState } from './room-state.ts';
import type { Phase, Snapshot } from './snapshot.ts';

export interface RoomSessionOptions {
  roomId: string;
  /** How to take part, from the page's URL. */
  page: Pick<PageSettings, 'displayName' | 'forceTcp' | 'produce' | 'consume'>;
  /** The URL of the server's page, up to its last slash: `http:` gives `ws:`, `https:` gives `wss:`. */
  server: string;
  /** For preferences; undefined where the browser allows none. */
  storage: PageStorage | undefined;
  /** The session from before a reload of the page. */
  saved?: SavedSession | undefined;
  /** Called at each connection attempt, so that it can provide a fresh token. */
  token?: () => string | undefined;
}

export class RoomSession {
  readonly #options: RoomSessionOptions;
  readonly #store: Store<Snapshot>;
  readonly #notices: Notices;
  readonly #preferences: StoredPreferences;
  readonly #local: LocalMedia;
  readonly #views = new Map<string, TileView>();
  readonly #room: RoomState;
  readonly #mediaStatus: MediaStatus;
  readonly #connection: RoomConnection;
  /** The page was reloaded, and the peer has not rejoined yet. */
  #restoring = false;

  /** Commands for microphone, camera, screen and speaker. */
  readonly devices: DeviceControls;
  /** Commands for moderators. */
  readonly moderation: Moderation;

  constructor(options: RoomSessionOptions) {
    this.#options = options;
    this.#preferences = new StoredPreferences(options.storage);
    const preferences = this.#preferences.current;
    this.#local = new LocalMedia({
      ...preferences,
      onSwitched: (change) => this.#notices.add({ type: 'device-switched', ...change }),
    });
    const { devices, ...sources } = this.#local.state;
    const fixedName = nameInToken(options.token?.());
    this.#notices = new Notices((notices) => this.#store.update({ notices }));
    this.devices = new DeviceControls({
      local: this.#local,
      preferences: this.#preferences,
      notices: this.#notices,
      onChosen: () => this.#store.updateIfDifferent({ chosen: this.devices.chosen }),
    });
    this.#room = new RoomState({
      notices: this.#notices,
      onChange: (view) => this.#store.update(view),
    });
    this.#store = new Store<Snapshot>({
      phase: { state: 'prejoin' },
      roomId: options.roomId,
      self: {
        peerId: this.#room.addOwnPeerId(options.saved?.peerId),
        displayName:
          fixedName ??
          options.saved?.displayName ??
          options.page.displayName ??
          preferences.displayName,
        nameIsFixed: fixedName !== undefined,
        ...sources,
        role: options.page.produce ? 'participant' : 'viewer',
      },
      ...this.#room.view,
      activeSpeaker: null,
      byInvitation: options.token?.() !== undefined,
      moderation: initialModeration,
      media: undefined,
      devices,
      chosen: this.devices.chosen,
      notices: [],
    });
    this.#mediaStatus = new MediaStatus({
      onChange: (media) => this.#store.updateIfDifferent({ media }),
      onRestored: () => this.#notices.add({ type: 'reconnected' }),
    });
    this.moderation = new Moderation({
      request: (method, data) => this.#connection.request(method, data),
      notices: this.#notices,
      local: this.#local,
      onChange: (moderation) => this.#store.update({ moderation }),
    });
    this.#connection = new RoomConnection({
      roomId: options.roomId,
      page: options.page,
      server: options.server,
      token: () => options.token?.(),
      intent: {
        self: () => {
          const { peerId, displayName } = this.getSnapshot().self;
          return { peerId, displayName: nameOrGuest(displayName, peerId) };
        },
        desiredTracks: () => desiredTracks(this.#local.state),
        views: this.#views,
      },
      notifications: this.#notificationHandlers(),
      events: this.#connectionEvents(),
    });
    this.#local.subscribe(() => this.#localChanged());
  }

  readonly getSnapshot = (): Snapshot => this.#store.get();

  /**
   * @param listener - called after each change of the snapshot
   * @returns unsubscribes
   */
  readonly subscribe = (listener: () => void): (() => void) => this.#store.subscribe(listener);

  /**
   * Opens microphone and camera as in the last call, for a preview on the prejoin screen. After a reload during a call
   * or while waiting to be admitted, rejoins at once with both as they were.
   */
  async open(): Promise<void> {
    const { page, saved } = this.#options;
    const opening = page.produce ? this.devices.open(saved) : undefined;
    if (saved) {
      this.#restoring = saved.resumeSecret !== undefined;
      const state = this.#restoring ? 'reconnecting' : 'joining';
      this.#store.update({ phase: { state, problem: undefined } });
      this.#connection.start(saved.resumeSecret);
    }
    await opening;
  }

  /** The data with which a reloaded page continues this session; undefined when there is nothing to continue. */
  get saved(): SavedSession | undefined {
    const { roomId, self, phase } = this.getSnapshot();
    const resumeSecret = this.#isInCall ? this.#connection.resumeSecret : undefined;
    if (phase.state !== 'waiting' && resumeSecret === undefined) {
      return undefined;
    }
    const { peerId, displayName: name } = self;
    return { roomId, peerId, displayName: nameOrGuest(name, peerId), resumeSecret, ...self.wanted };
  }

  /** Joins the room, or rejoins it after leaving. */
  join(): void {
    const { state } = this.getSnapshot().phase;
    if (state !== 'prejoin' && state !== 'left' && state !== 'failed') {
      return;
    }
    // The server may not have noticed yet that the socket of the left session closed.
    if (state !== 'prejoin') {
      this.#updateSelf({ peerId: this.#room.addOwnPeerId() });
    }
    const { displayName, peerId } = this.getSnapshot().self;
    this.#updateSelf({ displayName: nameOrGuest(displayName, peerId) });
    this.#store.update({ phase: { state: 'joining', problem: undefined } });
    if (state !== 'prejoin' && this.#options.page.produce) {
      void this.devices.open();
    }
    this.#connection.start();
  }

  /** Leaves the room and closes all devices. */
  leave(): void {
    const { state } = this.getSnapshot().phase;
    if (state === 'left' || state === 'failed') {
      return;
    }
    this.#end({ state: 'left' });
  }

  /** Starts the next connection attempt at once. */
  retryNow(): void {
    this.#connection.retryNow();
  }

  /** The browser is online again or uses another network. */
  networkChanged(): void {
    this.#connection.networkChanged();
  }

  /** The page has got another token, which may fix another name, or none. */
  tokenChanged(): void {
    const token = this.#options.token?.();
    const fixedName = nameInToken(token);
    this.#store.update({ byInvitation: token !== undefined });
    if (!this.#isInCall && (fixedName !== undefined || this.getSnapshot().self.nameIsFixed)) {
      const displayName = fixedName ?? this.#preferences.current.displayName;
      this.#updateSelf({ displayName, nameIsFixed: fixedName !== undefined });
    }
    // An invitation that is opened where the room could not be joined without it.
    if (token !== undefined && this.getSnapshot().phase.state === 'failed') {
      this.join();
    }
  }

  /** An invalid name is shown in the input field, but not sent. Does nothing when the token sets the name. */
  setDisplayName(displayName: string): void {
    if (this.getSnapshot().self.nameIsFixed) {
      return;
    }
    this.#updateSelf({ displayName });
    this.#preferences.change({ displayName: displayName.trim() });
    const valid = displayNameSchema.safeParse(displayName);
    if (this.getSnapshot().phase.state !== 'joined' || !valid.success) {
      return;
    }
    this.#connection
      .request('changeDisplayName', { displayName: valid.data })
      .catch((error: unknown) => console.warn('changing the display name failed', error));
  }

  /** @returns false if the message could not be sent; a notice then gives the reason */
  async sendChat(text: string): Promise<boolean> {
    return await this.#room.sendChat(text, this.getSnapshot().self, this.#connection.request);
  }

  /**
   * Tells how a tile is shown, so that a small or hidden one takes less bandwidth.
   *
   * @param view - undefined: the tile is removed
   */
  setTileView(peerId: string, source: 'camera' | 'screen', view: TileView | undefined): void {
    const key = tileKey(peerId, source);
    if (view) {
      this.#views.set(key, view);
    } else {
      this.#views.delete(key);
    }
    this.#connection.viewsChanged();
  }

  dismissNotice(id: number): void {
    this.#notices.remove(id);
  }

  #notificationHandlers(): RoomConnectionOptions['notifications'] {
    const room = this.#room;
    const { moderation } = this;
    return {
      waiting: () => this.#store.update({ phase: { state: 'waiting' } }),
      newPeer: (peer) => room.newPeer(peer),
      peerClosed: ({ peerId }) => room.peerClosed(peerId),
      peerDisplayNameChanged: ({ peerId, displayName }) =>
        room.peerDisplayNameChanged(peerId, displayName),
      unsupportedProducers: (data) => room.unsupportedProducers(data),
      producerUnsupportedBy: (data) => room.producerUnsupportedBy(data),
      activeSpeaker: ({ peerId }) => this.#store.update({ activeSpeaker: peerId }),
      muted: (data) => moderation.muted(data),
      roomLocked: (data) => moderation.roomLocked(data),
      lobbyChanged: (data) => moderation.lobbyChanged(data),
      serverStopping: ({ inSeconds }) => {
        const at = Date.now() + inSeconds * 1000;
        this.#notices.add({ type: 'server-stopping', inSeconds, at });
      },
      protocolError: ({ method, reason }) => console.error('protocol error:', method, reason),
    };
  }

  #connectionEvents(): RoomConnectionEvents {
    return {
      onWelcome: (welcome) => this.#welcomed(welcome),
      onJoined: (reply, connected) => this.#joined(reply, connected),
      onRemoteMedia: (media) => this.#room.mediaChanged(media),
      onRoomData: (data) => this.#room.addChat([data]),
      onPublishFailed: (source, reason) =>
        this.#notices.add({ type: 'publish-failed', source, reason }),
      onPaths: (paths, { portMode }) => this.#mediaStatus.setPaths(paths, portMode),
      onProblem: (problem) => this.#disconnected(problem),
      onFailure: (failure) => this.#end({ state: 'failed', failure }),
      onResumeRejected: () => this.#resumeRejected(),
    };
  }

  #welcomed(welcome: Welcome): void {
    const { produce } = this.#options.page;
    this.moderation.welcomed(welcome);
    this.#updateSelf({
      role: produce && welcome.permissions.publish.length > 0 ? 'participant' : 'viewer',
      ...(welcome.displayName && { displayName: welcome.displayName }),
      nameIsFixed: welcome.displayName !== undefined,
    });
  }

  #joined(
    reply: RequestReply<'join'>,
    { resumed, consumes, media }: Parameters<RoomConnectionEvents['onJoined']>[1],
  ): void {
    this.#restoring = false;
    const wasReconnecting = this.getSnapshot().phase.state === 'reconnecting';
    this.#room.joined(reply);
    if (resumed) {
      this.#room.mediaChanged(media);
    } else {
      this.#room.mediaSessionReplaced(media);
    }
    this.#store.update({ phase: { state: 'joined' } });
    // Even a peer alone in a room receives the room's data channel.
    if (consumes) {
      this.#mediaStatus.expectMedia();
    }
    if (wasReconnecting && !this.#mediaStatus.lost) {
      this.#notices.add({ type: 'reconnected' });
    }
  }

  #disconnected(problem: ConnectionProblem): void {
    if (problem.serverGone) {
      this.#notices.removeAll('server-stopping');
    }
    if (problem.cause === 'media-lost') {
      this.#mediaStatus.markLost();
    }
    const state = this.#isInCall ? 'reconnecting' : 'joining';
    // Without signalling, the active speaker is unknown.
    this.#store.update({ phase: { state, problem }, activeSpeaker: null });
  }

  #resumeRejected(): void {
    this.#updateSelf({ peerId: this.#room.addOwnPeerId() });
    if (!this.#restoring) {
      return;
    }
    // Reloading asks for the same session. Joining as a new peer is left to the user.
    this.#restoring = false;
    this.#connection.stop();
    this.#store.update({ phase: { state: 'prejoin' } });
  }

  #end(phase: Extract<Phase, { state: 'left' | 'failed' }>): void {
    this.#connection.stop();
    this.devices.close();
    this.#room.left();
    this.#notices.clear();
    this.#mediaStatus.reset();
    this.#store.update({ phase, activeSpeaker: null });
  }

  get #isInCall(): boolean {
    const { state } = this.getSnapshot().phase;
    return state === 'joined' || state === 'reconnecting';
  }

  #localChanged(): void {
    const { devices, ...sources } = this.#local.state;
    this.#updateSelf(sources);
    this.#store.update({ devices });
    this.#store.updateIfDifferent({ chosen: this.devices.chosen });
    this.#connection.publish();
  }

  #updateSelf(change: Partial<Snapshot['self']>): void {
    this.#store.update({ self: { ...this.getSnapshot().self, ...change } });
  }
}
