import { randomUUID } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { errorCodes, type RequestData, type RequestReply } from '@oneport/protocol';
import type { Logger } from '../telemetry/log.ts';
import type { ChatHistory } from './chat-history.ts';
import type { Lobby } from './lobby.ts';
import { Moderation } from './moderation.ts';
import type { CloseReason, Peer } from './peer.ts';
import type { Wants } from './peer-media.ts';
import { RoomError } from './room-error.ts';
import type { RoomMedia } from './room-media.ts';

export interface RoomOptions {
  id: string;
  media: RoomMedia;
  chat: ChatHistory;
  /** Where those wait who want to come in. */
  lobby: Lobby;
  log: Logger;
}

/** Who is in a room, and what each sees of the others. It outlives the worker that carries it. */
export class Room extends EventEmitter<{ close: [] }> {
  readonly id: string;
  readonly chat: ChatHistory;
  readonly moderation: Moderation;
  readonly #log: Logger;
  readonly #peers = new Map<string, Peer>();
  /** Of every producer in the room, or just being made: two peers may not choose the same. */
  readonly #producerIds = new Set<string>();
  #media: RoomMedia;
  #closed = false;

  constructor({ id, media, chat, lobby, log }: RoomOptions) {
    super();
    this.id = id;
    this.chat = chat;
    this.#log = log.child({ roomId: id });
    this.moderation = new Moderation(this, lobby, this.#log);
    this.#media = media;
    this.#listen(media);
  }

  /** What carries it. Closed while it is between two workers. */
  get media(): RoomMedia {
    return this.#media;
  }

  get closed(): boolean {
    return this.#closed;
  }

  get size(): number {
    return this.#peers.size;
  }

  /** All who have joined. */
  get peers(): Peer[] {
    return this.#joined();
  }

  peer(peerId: string): Peer | undefined {
    return this.#peers.get(peerId);
  }

  /** Gives a peer its place: the others hear of it when it joins. */
  add(peer: Peer): void {
    this.#peers.set(peer.id, peer);
    peer.once('closed', (reason, hadJoined) => this.#remove(peer, reason, hadJoined));
    peer.on('otherPath', (direction) => {
      if (direction === 'recv') {
        peer.consuming?.requestKeyFrames();
      } else {
        for (const other of this.#joined(peer)) {
          other.consuming?.requestKeyFrames(peer.id);
        }
      }
    });
  }

  /**
   * Gives a peer its transports, now or as soon as the room has a worker again.
   *
   * @param wants - which
   * @param keep - those that it has are good enough
   * @throws NoPortError, or what mediasoup throws
   */
  async connect(peer: Peer, wants: Wants, keep: boolean): Promise<void> {
    const media = this.#media;
    try {
      await peer.connect(media, wants, keep);
    } catch (error) {
      // A room that moves connects everybody who is in it.
      if (!media.closed || this.#closed) {
        throw error;
      }
    }
  }

  /** Goes on somewhere else: everybody gets new transports, and a new `welcome`. */
  async moveTo(media: RoomMedia): Promise<void> {
    this.#media = media;
    this.#listen(media);
    this.#log.info({ workerIndex: media.worker.index, peers: this.size }, 'room moved');
    await Promise.all(
      Array.from(this.#peers.values(), (peer) =>
        peer.connect(media).catch((error: unknown) => {
          if (media.closed) {
            return;
          }
          peer.log.error({ error: String(error) }, 'a peer could not be moved');
          peer.close('no worker');
        }),
      ),
    );
  }

  join(peer: Peer, data: RequestData<'join'>): RequestReply<'join'> {
    const before = peer.joined ? peer.info : undefined;
    const others = this.#joined(peer);
    const has = peer.join(
      data,
      others.flatMap((other) => other.producers),
    );
    for (const other of others) {
      if (!before) {
        other.emit('peerJoined', peer.info);
      } else if (before.displayName !== data.displayName) {
        other.emit('peerRenamed', peer.id, data.displayName);
      }
    }
    const speaker = this.#media.speakers.current;
    if (speaker) {
      peer.emit('activeSpeaker', speaker);
    }
    this.#log.info(
      { peerId: peer.id, generation: data.generation, peers: this.#peers.size },
      before ? 'peer resumed' : 'peer joined',
    );
    return {
      peers: others.map((other) => other.info),
      chat: [...this.chat.messages],
      ...has,
    };
  }

  async produce(peer: Peer, data: RequestData<'produce'>): Promise<void> {
    this.#mustHaveJoined(peer);
    const { producerId } = data;
    if (this.#producerIds.has(producerId)) {
      throw new RoomError(errorCodes.conflict, 'producerId: it is taken');
    }
    this.#producerIds.add(producerId);
    const forget = () => this.#producerIds.delete(producerId);
    const { speakers } = this.#media;
    const producer = await peer.media.produce(data).catch((error) => {
      forget();
      throw error;
    });
    if (producer.closed) {
      forget();
      return;
    }
    producer.observer.once('close', forget);
    for (const other of this.#joined(peer)) {
      other.consuming?.add(producer);
    }
    if (data.source !== 'microphone') {
      return;
    }
    // It fails only when the producer has closed meanwhile, and then nothing is to be watched.
    speakers
      .watch(producer)
      .catch((error) => peer.log.debug({ error: String(error) }, 'speaker not watched'));
  }

  rename(peer: Peer, displayName: string): void {
    this.#mustHaveJoined(peer);
    peer.rename(displayName);
    for (const other of this.#joined(peer)) {
      other.emit('peerRenamed', peer.id, displayName);
    }
  }

  sendChatMessage(peer: Peer, text: string): string {
    this.#mustHaveJoined(peer);
    const messageId = randomUUID();
    const { peerId, displayName } = peer.info;
    this.#media.channel.sendChat({
      type: 'chat',
      messageId,
      peerId,
      displayName,
      time: Date.now(),
      text,
    });
    return messageId;
  }

  /** Everybody is told that the server stops. @param inSeconds - at the latest, from 0 */
  announceStop(inSeconds: number): void {
    for (const peer of this.#peers.values()) {
      peer.emit('serverStopping', inSeconds);
    }
  }

  /** Ends the room and every peer's place in it. */
  close(reason: CloseReason): void {
    if (this.#closed) {
      return;
    }
    this.#closed = true;
    for (const peer of this.#peers.values()) {
      peer.close(reason);
    }
    this.#media.close();
    this.emit('close');
  }

  #listen(media: RoomMedia): void {
    media.speakers.on('change', (speaker) => {
      for (const peer of this.#joined()) {
        peer.emit('activeSpeaker', speaker);
      }
    });
  }

  #remove(peer: Peer, reason: CloseReason, hadJoined: boolean): void {
    this.#peers.delete(peer.id);
    this.#log.info({ peerId: peer.id, reason, peers: this.#peers.size }, 'peer gone');
    if (this.#closed) {
      return;
    }
    if (hadJoined) {
      for (const other of this.#joined()) {
        other.emit('peerLeft', peer.id);
      }
    }
    if (this.#peers.size === 0) {
      this.close('left');
    }
  }

  #joined(except?: Peer): Peer[] {
    return [...this.#peers.values()].filter((peer) => peer.joined && peer !== except);
  }

  #mustHaveJoined(peer: Peer): void {
    if (!peer.joined) {
      throw new RoomError(errorCodes.forbidden, 'join first');
    }
  }
}
