import { randomUUID } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { errorCodes, type RequestData, type RequestReply } from '@oneport/protocol';
import type { Logger } from '../log.ts';
import type { CloseReason, Peer } from './peer.ts';
import { RoomError } from './room-error.ts';
import type { RoomMedia } from './room-media.ts';

export interface RoomOptions {
  id: string;
  media: RoomMedia;
  log: Logger;
}

/** Who is in a room, and what each sees of the others. */
export class Room extends EventEmitter<{ close: [] }> {
  readonly id: string;
  readonly media: RoomMedia;
  readonly #log: Logger;
  readonly #peers = new Map<string, Peer>();
  /** Of every producer in the room, or just being made: two peers may not choose the same. */
  readonly #producerIds = new Set<string>();
  #closed = false;

  constructor({ id, media, log }: RoomOptions) {
    super();
    this.id = id;
    this.media = media;
    this.#log = log.child({ roomId: id });
    media.speakers.on('change', (speaker) => {
      for (const peer of this.#joined()) peer.emit('activeSpeaker', speaker);
    });
  }

  get closed(): boolean {
    return this.#closed;
  }

  get size(): number {
    return this.#peers.size;
  }

  peer(peerId: string): Peer | undefined {
    return this.#peers.get(peerId);
  }

  /** Gives a peer its place: the others hear of it when it joins. */
  add(peer: Peer): void {
    this.#peers.set(peer.id, peer);
    peer.once('closed', (reason, hadJoined) => this.#remove(peer, reason, hadJoined));
  }

  join(peer: Peer, data: RequestData<'join'>): RequestReply<'join'> {
    peer.join(data);
    const others = this.#joined(peer);
    for (const other of others) other.emit('peerJoined', peer.info);
    peer.consuming?.add(...others.flatMap((other) => [...other.media.producers]));
    const speaker = this.media.speakers.current;
    if (speaker) peer.emit('activeSpeaker', speaker);
    this.#log.info({ peerId: peer.id, peers: this.#peers.size }, 'peer joined');
    return {
      peers: others.map((other) => other.info),
      chat: [...this.media.channel.history],
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
    const producer = await peer.media.produce(data).catch((error) => {
      forget();
      throw error;
    });
    if (producer.closed) {
      forget();
      return;
    }
    producer.observer.once('close', forget);
    for (const other of this.#joined(peer)) other.consuming?.add(producer);
    if (data.source !== 'microphone') return;
    // It fails only when the producer has closed meanwhile, and then nothing is to be watched.
    this.media.speakers
      .watch(producer)
      .catch((error) => peer.log.debug({ error: String(error) }, 'speaker not watched'));
  }

  rename(peer: Peer, displayName: string): void {
    this.#mustHaveJoined(peer);
    peer.rename(displayName);
    for (const other of this.#joined(peer)) other.emit('peerRenamed', peer.id, displayName);
  }

  sendChatMessage(peer: Peer, text: string): string {
    this.#mustHaveJoined(peer);
    const messageId = randomUUID();
    const { peerId, displayName } = peer.info;
    this.media.channel.sendChat({
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
    for (const peer of this.#peers.values()) peer.emit('serverStopping', inSeconds);
  }

  /** Ends the room and every peer's place in it. */
  close(reason: CloseReason): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const peer of this.#peers.values()) peer.close(reason);
    this.media.close();
    this.emit('close');
  }

  #remove(peer: Peer, reason: CloseReason, hadJoined: boolean): void {
    // A resumed peer has taken the place already.
    if (this.#peers.get(peer.id) === peer) this.#peers.delete(peer.id);
    this.#log.info({ peerId: peer.id, reason, peers: this.#peers.size }, 'peer gone');
    if (this.#closed) return;
    if (hadJoined) for (const other of this.#joined()) other.emit('peerLeft', peer.id);
    if (this.#peers.size === 0) this.close('left');
  }

  #joined(except?: Peer): Peer[] {
    return [...this.#peers.values()].filter((peer) => peer.joined && peer !== except);
  }

  #mustHaveJoined(peer: Peer): void {
    if (!peer.joined) throw new RoomError(errorCodes.forbidden, 'join first');
  }
}
