/** The peers of the room and its chat, as the server reports them. It outlives sockets and media sessions. */
import type {
  ChatMessage,
  NotificationData,
  PeerId,
  PeerInfo,
  RequestReply,
  UnsupportedProducer,
} from '@oneport/protocol';
import type { RemoteMedia } from '../media/consumers.ts';
import { newPeerId } from '../page/ids.ts';
import type { SendRequest } from '../signalling/signalling.ts';
import { mergeChat } from './chat-log.ts';
import type { Notices } from './notices.ts';
import { assembleRemotePeers } from './remote-peers.ts';
import type { Self, Snapshot } from './snapshot.ts';

/** The part of the snapshot that the room state provides. */
export type RoomView = Pick<Snapshot, 'peers' | 'chat'>;

export interface RoomStateOptions {
  notices: Notices;
  onChange: (view: RoomView) => void;
}

/** Milliseconds for which the media of the previous media session is shown until the new one has it. */
const holdTime = 3_000;

export class RoomState {
  readonly #options: RoomStateOptions;
  readonly #peers = new Map<PeerId, PeerInfo>();
  /** All peer ids that the local peer has had, because its earlier messages are its own too. */
  readonly #ownPeerIds = new Set<PeerId>();
  #media: readonly RemoteMedia[] = [];
  /** Of the previous media session: its tracks have ended, and video elements show their last frame. */
  #previousMedia: readonly RemoteMedia[] = [];
  #unsupported: ReadonlyMap<PeerId, readonly UnsupportedProducer[]> = new Map();
  readonly #toldUnsupported = new Set<string>();
  #holdTimer: ReturnType<typeof setTimeout> | undefined;
  #view: RoomView = { peers: [], chat: [] };

  constructor(options: RoomStateOptions) {
    this.#options = options;
  }

  get view(): RoomView {
    return this.#view;
  }

  /** Registers a peer id of the local peer; by default a new one. */
  addOwnPeerId(peerId = newPeerId()): PeerId {
    this.#ownPeerIds.add(peerId);
    return peerId;
  }

  /** @param reply - lists all peers, so that those missing have left meanwhile */
  joined({ peers, chat }: RequestReply<'join'>): void {
    const present = new Set(peers.map(({ peerId }) => peerId));
    for (const peerId of this.#peers.keys()) {
      if (!present.has(peerId)) {
        this.#peers.delete(peerId);
      }
    }
    for (const peer of peers) {
      this.#peers.set(peer.peerId, peer);
    }
    this.addChat(chat);
    this.#updatePeers();
  }

  /** The local peer has left. The chat is kept in case it rejoins. */
  left(): void {
    this.#peers.clear();
    this.#previousMedia = [];
    this.#unsupported = new Map();
    this.#toldUnsupported.clear();
    this.mediaChanged([]);
  }

  newPeer(peer: PeerInfo): void {
    const isKnown = this.#peers.has(peer.peerId);
    this.#peers.set(peer.peerId, peer);
    this.#updatePeers();
    if (!isKnown) {
      this.#options.notices.add({ type: 'joined', displayName: peer.displayName });
    }
  }

  peerClosed(peerId: PeerId): void {
    const peer = this.#peers.get(peerId);
    this.#peers.delete(peerId);
    for (const key of this.#toldUnsupported) {
      if (key.startsWith(`${peerId} `)) {
        this.#toldUnsupported.delete(key);
      }
    }
    this.#updatePeers();
    if (peer) {
      this.#options.notices.add({ type: 'left', displayName: peer.displayName });
    }
  }

  peerDisplayNameChanged(peerId: PeerId, displayName: string): void {
    const peer = this.#peers.get(peerId);
    if (peer) {
      this.#peers.set(peerId, { ...peer, displayName });
    }
    this.#updatePeers();
  }

  /**
   * There is a new media session. Until its media arrives, that of the previous one is shown for a moment, so that the
   * peers don't look as if they had turned everything off.
   *
   * @param media - what the new media session has already
   */
  mediaSessionReplaced(media: readonly RemoteMedia[]): void {
    this.#previousMedia = this.#media;
    this.#unsupported = new Map();
    clearTimeout(this.#holdTimer);
    this.#holdTimer = setTimeout(() => {
      this.#previousMedia = [];
      this.#updatePeers();
    }, holdTime);
    this.mediaChanged(media);
  }

  /** @param media - received from all peers */
  mediaChanged(media: readonly RemoteMedia[]): void {
    this.#media = media;
    this.#updatePeers();
  }

  /** @param producers - all that can't be received now */
  unsupportedProducers({ producers }: NotificationData<'unsupportedProducers'>): void {
    this.#unsupported = Map.groupBy(producers, ({ peerId }) => peerId);
    this.#updatePeers();
  }

  /** Another peer can't receive a producer of the local peer. */
  producerUnsupportedBy({
    peerId,
    source,
    codec,
    failed = false,
  }: NotificationData<'producerUnsupportedBy'>): void {
    const peer = this.#peers.get(peerId);
    const key = `${peerId} ${source} ${codec}`;
    // Once, however often the camera is turned on again.
    if (peer && !this.#toldUnsupported.has(key)) {
      this.#toldUnsupported.add(key);
      const { displayName } = peer;
      this.#options.notices.add({ type: 'not-received', displayName, source, codec, failed });
    }
  }

  addChat(messages: readonly ChatMessage[]): void {
    const chat = mergeChat(this.#view.chat, messages, (peerId) => this.#ownPeerIds.has(peerId));
    this.#update({ chat });
  }

  /**
   * Sends a chat message.
   *
   * @param self - the sender
   * @returns false if it could not be sent; a notice then gives the reason
   */
  async sendChat(
    text: string,
    { peerId, displayName }: Pick<Self, 'peerId' | 'displayName'>,
    request: SendRequest,
  ): Promise<boolean> {
    try {
      const { messageId } = await request('sendChatMessage', { text });
      // The data channel delivers it too, with the server's time, but not to a peer that doesn't consume.
      if (!this.#view.chat.some((entry) => entry.messageId === messageId)) {
        const time = Date.now();
        this.addChat([{ type: 'chat', messageId, peerId, displayName, time, text: text.trim() }]);
      }
      return true;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#options.notices.add({ type: 'chat-failed', reason });
      return false;
    }
  }

  #updatePeers(): void {
    const peers = assembleRemotePeers(
      this.#peers.values(),
      [...this.#media, ...this.#previousMedia],
      this.#unsupported,
      this.#view.peers,
    );
    this.#update({ peers });
  }

  #update(change: Partial<RoomView>): void {
    this.#view = { ...this.#view, ...change };
    this.#options.onChange(this.#view);
  }
}
