/** Who is in the room and what was said in it, as the server tells it. It outlives connections. */
import type { ChatMessage, PeerId, PeerInfo, RequestReply } from '@oneport/protocol';
import type { RemoteMedia } from '../media/consumers.ts';
import { newPeerId } from '../page/ids.ts';
import type { SendRequest } from '../signalling/signalling.ts';
import { mergeChat } from './chat-log.ts';
import type { Notices } from './notices.ts';
import { assemblePeople } from './remote-peers.ts';
import type { Self, Snapshot } from './snapshot.ts';

/** The part of the snapshot that is the room's. */
export type RoomView = Pick<Snapshot, 'people' | 'chat'>;

export interface RoomOptions {
  notices: Notices;
  onChange: (view: RoomView) => void;
}

/** Milliseconds that what came by an earlier connection is shown on, while the new one doesn't bring it yet. */
const afterglow = 3_000;

export class Room {
  readonly #options: RoomOptions;
  readonly #peers = new Map<PeerId, PeerInfo>();
  /** All that I have had: what I wrote under an earlier one is mine too. */
  readonly #ownPeerIds = new Set<PeerId>();
  #media: readonly RemoteMedia[] = [];
  /** What came by an earlier connection: its tracks have ended, and pictures show their last frame. */
  #before: readonly RemoteMedia[] = [];
  #fading: ReturnType<typeof setTimeout> | undefined;
  #view: RoomView = { people: [], chat: [] };

  constructor(options: RoomOptions) {
    this.#options = options;
  }

  get view(): RoomView {
    return this.#view;
  }

  /** @param peerId - mine already; by default one that nobody has had yet */
  newIdentity(peerId = newPeerId()): PeerId {
    this.#ownPeerIds.add(peerId);
    return peerId;
  }

  /** I have joined: the reply lists everybody, and so also says who has gone meanwhile. */
  entered({ peers, chat }: RequestReply<'join'>): void {
    const there = new Set(peers.map(({ peerId }) => peerId));
    for (const peerId of this.#peers.keys()) {
      if (!there.has(peerId)) {
        this.#peers.delete(peerId);
      }
    }
    for (const peer of peers) {
      this.#peers.set(peer.peerId, peer);
    }
    this.chatted(chat);
    this.#peopleChanged();
  }

  /** I have left. What was said can still be read when I come back. */
  left(): void {
    this.#peers.clear();
    this.#before = [];
    this.mediaChanged([]);
  }

  peerCame(peer: PeerInfo): void {
    const known = this.#peers.has(peer.peerId);
    this.#peers.set(peer.peerId, peer);
    this.#peopleChanged();
    if (!known) {
      this.#options.notices.add({ type: 'joined', displayName: peer.displayName });
    }
  }

  peerWent(peerId: PeerId): void {
    const peer = this.#peers.get(peerId);
    this.#peers.delete(peerId);
    this.#peopleChanged();
    if (peer) {
      this.#options.notices.add({ type: 'left', displayName: peer.displayName });
    }
  }

  peerRenamed(peerId: PeerId, displayName: string): void {
    const peer = this.#peers.get(peerId);
    if (peer) {
      this.#peers.set(peerId, { ...peer, displayName });
    }
    this.#peopleChanged();
  }

  /** @param inSeconds - when at the latest; I will come back by myself */
  serverStops(inSeconds: number): void {
    const at = Date.now() + inSeconds * 1000;
    this.#options.notices.add({ type: 'server-stopping', inSeconds, at });
  }

  /**
   * There are other transports than before: nobody shall look as if they had turned everything off, just because theirs
   * comes a moment later.
   *
   * @param media - all that arrives by them already
   */
  transportsChanged(media: readonly RemoteMedia[]): void {
    this.#before = this.#media;
    clearTimeout(this.#fading);
    this.#fading = setTimeout(() => {
      this.#before = [];
      this.#peopleChanged();
    }, afterglow);
    this.mediaChanged(media);
  }

  /** @param media - all that arrives now, of everybody */
  mediaChanged(media: readonly RemoteMedia[]): void {
    this.#media = media;
    this.#peopleChanged();
  }

  chatted(messages: readonly ChatMessage[]): void {
    const chat = mergeChat(this.#view.chat, messages, (peerId) => this.#ownPeerIds.has(peerId));
    this.#change({ chat });
  }

  /**
   * Sends a chat message.
   *
   * @param self - who says it
   * @returns false if it didn't get through (a notice says why)
   */
  async say(
    text: string,
    { peerId, displayName }: Pick<Self, 'peerId' | 'displayName'>,
    request: SendRequest,
  ): Promise<boolean> {
    try {
      const { messageId } = await request('sendChatMessage', { text });
      // It comes down the data channel too, with the server's time. But not to those who don't consume.
      if (!this.#view.chat.some((entry) => entry.messageId === messageId)) {
        const time = Date.now();
        this.chatted([{ type: 'chat', messageId, peerId, displayName, time, text: text.trim() }]);
      }
      return true;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#options.notices.add({ type: 'chat-failed', reason });
      return false;
    }
  }

  #peopleChanged(): void {
    const people = assemblePeople(
      this.#peers.values(),
      [...this.#media, ...this.#before],
      this.#view.people,
    );
    this.#change({ people });
  }

  #change(change: Partial<RoomView>): void {
    this.#view = { ...this.#view, ...change };
    this.#options.onChange(this.#view);
  }
}
