import { randomUUID } from 'node:crypto';
import { EventEmitter } from 'node:events';
import {
  errorCodes,
  type NotificationData,
  type NotificationMethod,
  type PeerInfo,
} from '@oneport/protocol';
import type { Logger } from '../telemetry/log.ts';
import type { Lobby } from './lobby.ts';
import { Moderation } from './moderation.ts';
import type { CloseReason, Participant } from './participant.ts';
import type { ChatHistory } from './room-channel.ts';
import { RoomError } from './room-error.ts';
import type { Producer, RoomMedia } from './room-media.ts';

export interface RoomOptions {
  id: string;
  media: RoomMedia;
  chat: ChatHistory;
  lobby: Lobby;
  log: Logger;
}

/** The participants of a room, and what each receives from the others. A room outlives its worker. */
export class Room extends EventEmitter<{ close: [] }> {
  readonly id: string;
  readonly chat: ChatHistory;
  readonly moderation: Moderation;
  readonly #log: Logger;
  readonly #participants = new Map<string, Participant>();
  readonly #reservedProducerIds = new Set<string>();
  #media: RoomMedia;
  #closed = false;

  constructor({ id, media, chat, lobby, log }: RoomOptions) {
    super();
    this.id = id;
    this.chat = chat;
    this.#log = log.child({ roomId: id });
    this.moderation = new Moderation(this, lobby, this.#log);
    this.#media = media;
    this.#watchSpeakers(media);
  }

  /** Closed from the death of a worker until the room has moved to another. */
  get media(): RoomMedia {
    return this.#media;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Includes participants that the others don't see. */
  get size(): number {
    return this.#participants.size;
  }

  /** Includes participants that the others don't see. */
  get participants(): Participant[] {
    return [...this.#participants.values()];
  }

  /** The participants that the others see. */
  get visible(): Participant[] {
    return this.participants.filter(({ info }) => info !== undefined);
  }

  participant(id: string): Participant | undefined {
    return this.#participants.get(id);
  }

  /** All participants but this one. */
  others(participant: Participant): Participant[] {
    return this.participants.filter((other) => other !== participant);
  }

  /**
   * Adds a participant. If it has `info`, the others are told of it, and it is subscribed to the room's producers.
   * Otherwise it receives nothing yet, and `announce` follows later.
   *
   * @throws RoomError when the id is taken, or the room has closed
   */
  add(participant: Participant): void {
    if (this.#closed || this.#participants.has(participant.id)) {
      throw new RoomError(
        errorCodes.conflict,
        this.#closed ? 'the room has closed' : 'peerId: already in use in this room',
      );
    }
    this.#participants.set(participant.id, participant);
    if (participant.info) {
      this.announce(participant.info);
      const producers = this.others(participant).flatMap((other) => other.producers);
      participant.subscriber?.add(...producers);
    }
  }

  /** Tells the others about a new participant. */
  announce(info: PeerInfo): void {
    this.broadcast('newPeer', info, info.peerId);
  }

  /** Ends a participation, whether the participant leaves or is sent away. Does nothing the second time. */
  remove(participant: Participant, reason: CloseReason): void {
    const { id, info } = participant;
    if (this.#participants.get(id) !== participant) {
      return;
    }
    this.#participants.delete(id);
    participant.close(reason);
    this.#log.info({ peerId: id, reason, peers: this.size }, 'peer closed');
    if (this.#closed) {
      return;
    }
    if (info) {
      this.broadcast('peerClosed', { peerId: id });
    }
    if (this.size === 0) {
      this.close('left');
    }
  }

  /**
   * Sends a notification to all participants that the others see.
   *
   * @param exceptId - a participant that is left out
   */
  broadcast<M extends NotificationMethod>(
    method: M,
    data: NotificationData<M>,
    exceptId?: string,
  ): void {
    for (const participant of this.visible) {
      if (participant.id !== exceptId) {
        participant.notify(method, data);
      }
    }
  }

  /**
   * Reserves a producer id that a client chose: two producers of a room can't have the same.
   *
   * @returns releases it
   * @throws RoomError when it is taken
   */
  reserveProducerId(producerId: string): () => void {
    if (this.#reservedProducerIds.has(producerId)) {
      throw new RoomError(errorCodes.conflict, 'producerId: already in use');
    }
    this.#reservedProducerIds.add(producerId);
    return () => this.#reservedProducerIds.delete(producerId);
  }

  /** Publishes a producer to the other participants: only to visible ones, so that no participant listens unlisted. */
  addProducer(participant: Participant, producer: Producer): void {
    for (const other of this.visible) {
      if (other !== participant) {
        other.subscriber?.add(producer);
      }
    }
    if (producer.appData.source !== 'microphone') {
      return;
    }
    // Fails only when the producer has closed meanwhile.
    this.#media.speakers
      .watch(producer)
      .catch((error) =>
        this.#log.debug({ producerId: producer.id, error: String(error) }, 'speaker not watched'),
      );
  }

  /** The participant sends over another network path, on which packets were lost. */
  requestKeyFramesFrom(participant: Participant): void {
    for (const other of this.others(participant)) {
      other.subscriber?.requestKeyFrames(participant.id);
    }
  }

  /** @returns the message's id */
  sendChatMessage({ peerId, displayName }: PeerInfo, text: string): string {
    const messageId = randomUUID();
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

  /** Goes on at another router, after the worker of the previous one has died. */
  async moveTo(media: RoomMedia): Promise<void> {
    this.#media = media;
    this.#watchSpeakers(media);
    this.#log.info({ workerIndex: media.worker.index, peers: this.size }, 'room moved');
    await Promise.all(
      Array.from(this.#participants.values(), (participant) =>
        participant.moveTo(media).catch((error: unknown) => {
          if (media.closed) {
            return;
          }
          this.#log.error({ peerId: participant.id, error: String(error) }, 'failed to move peer');
          this.remove(participant, 'no worker');
        }),
      ),
    );
  }

  /** @param inSeconds - at the latest, from 0 */
  announceStop(inSeconds: number): void {
    for (const participant of this.#participants.values()) {
      participant.notify('serverStopping', { inSeconds });
    }
  }

  close(reason: CloseReason): void {
    if (this.#closed) {
      return;
    }
    this.#closed = true;
    for (const participant of this.#participants.values()) {
      this.remove(participant, reason);
    }
    this.#media.close();
    this.emit('close');
  }

  #watchSpeakers(media: RoomMedia): void {
    media.speakers.on('change', (peerId) => this.broadcast('activeSpeaker', { peerId }));
  }
}
