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
import { ChatHistory } from './room-channel.ts';
import { RoomError } from './room-error.ts';
import type { Producer, Segment, SegmentWorker } from './segment.ts';
import { Segments, type SegmentsOptions } from './segments.ts';

export interface RoomOptions extends Pick<SegmentsOptions, 'pool' | 'spread'> {
  id: string;
  lobby: Lobby;
  log: Logger;
}

/** The participants of a room, and what each receives from the others. A room outlives its workers. */
export class Room extends EventEmitter<{ close: [] }> {
  readonly id: string;
  readonly chat = new ChatHistory();
  readonly segments: Segments;
  readonly moderation: Moderation;
  readonly #log: Logger;
  readonly #participants = new Map<string, Participant>();
  readonly #reservedProducerIds = new Set<string>();
  #closed = false;

  constructor({ id, pool, spread, lobby, log }: RoomOptions) {
    super();
    this.id = id;
    this.#log = log.child({ roomId: id });
    this.moderation = new Moderation(this, lobby, this.#log);
    this.segments = new Segments({
      pool,
      spread,
      chat: this.chat,
      participants: () => this.#participants.values(),
      log: this.#log,
    });
    this.segments.speaker.on('change', (peerId) => this.broadcast('activeSpeaker', { peerId }));
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
      this.#subscribe(participant);
    }
  }

  /**
   * Gives a participant that was added its segment, and subscribes it to the room's producers. A `Peer` does so by
   * itself.
   *
   * @throws as `Segments.of` and `Participant.moveTo` do
   */
  async connect(participant: Participant): Promise<void> {
    await participant.moveTo(await this.segments.of(participant));
    if (participant.info) {
      this.#subscribe(participant);
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
    this.segments.leave(participant);
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
    this.segments.speaker.watch(producer);
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
    const message = {
      type: 'chat' as const,
      messageId,
      peerId,
      displayName,
      time: Date.now(),
      text,
    };
    this.chat.add(message);
    for (const { channel } of this.segments.open) {
      channel.sendChat(message);
    }
    return messageId;
  }

  /** Gives the participants of a segment others, after its worker has died. */
  async moveFrom(worker: SegmentWorker): Promise<void> {
    const participants = this.segments.lose(worker);
    this.#log.info({ workerIndex: worker.index, peers: participants.length }, 'peers move');
    await Promise.all(participants.map((participant) => this.#move(participant)));
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
    this.segments.close();
    this.emit('close');
  }

  async #move(participant: Participant): Promise<void> {
    let segment: Segment | undefined;
    try {
      segment = await this.segments.of(participant);
      segment.arrived();
      await this.connect(participant);
    } catch (error) {
      // It has left, or that worker has died too, so the participant moves once more.
      if (this.#participants.get(participant.id) !== participant || segment?.closed) {
        return;
      }
      this.#log.error({ peerId: participant.id, error: String(error) }, 'failed to move peer');
      this.remove(participant, 'no worker');
    }
  }

  #subscribe(participant: Participant): void {
    const producers = this.others(participant).flatMap((other) => other.producers);
    participant.subscriber?.add(...producers);
  }
}
