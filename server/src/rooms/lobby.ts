import { EventEmitter } from 'node:events';
import { closeCodes, type WaitingPeer } from '@oneport/protocol';
import { AdmissionError } from '../access/admission-error.ts';
import { type Holder, Quota } from '../net/quota.ts';

/**
 * How a wait ends. `retry`: the room may have changed, or be unlocked, so admission is decided again. `replaced`:
 * another socket of the same subject waits now. `taken`: another subject waits under this peer id.
 */
export type WaitOutcome =
  | 'admitted'
  | 'denied'
  | 'room closed'
  | 'replaced'
  | 'taken'
  | 'disconnected'
  | 'retry';

interface Waiter extends Holder {
  peer: WaitingPeer;
  end(outcome: WaitOutcome): void;
}

/** A waiting peer holds a socket, and nothing on a worker. `room` and `all`: how many may wait for one room, for all rooms. */
export const lobbyLimits = {
  room: { total: 50, subject: 3, address: 40 },
  all: { total: 1000, subject: 10, address: 200 },
};

/** The peers that wait for a moderator to admit them to a room. The room need not be open yet. */
export class Lobby extends EventEmitter<{ change: [roomId: string] }> {
  readonly #rooms = new Map<string, Map<string, Waiter>>();
  readonly #quota = new Quota(lobbyLimits.all);

  /** How many peers wait, for all rooms. */
  get size(): number {
    return this.#quota.count;
  }

  /** The peers that wait for a room, the longest waiting first. */
  of(roomId: string): WaitingPeer[] {
    return [...(this.#rooms.get(roomId)?.values() ?? [])].map(({ peer }) => peer);
  }

  /** The subject of a waiting peer's token. */
  subjectOf(roomId: string, peerId: string): string | undefined {
    return this.#rooms.get(roomId)?.get(peerId)?.subject;
  }

  /**
   * Waits until a moderator decides, or the reason to wait is gone.
   *
   * @param holder - the peer's token and address. The same subject may wait from another socket, which replaces this one
   * @param signal - aborted when the peer's socket closes
   * @throws AdmissionError when the lobby is full, or the holder's share of it
   */
  wait(
    roomId: string,
    peer: WaitingPeer,
    holder: Holder,
    signal: AbortSignal,
  ): Promise<WaitOutcome> {
    if (signal.aborted) {
      return Promise.resolve('disconnected');
    }
    const waiters = this.#rooms.get(roomId) ?? new Map<string, Waiter>();
    const present = waiters.get(peer.peerId);
    if (present && present.subject !== holder.subject) {
      return Promise.resolve('taken');
    }
    present?.end('replaced');
    const reason = this.#whyFull(waiters, holder);
    if (reason) {
      return Promise.reject(new AdmissionError(closeCodes.tooMany, reason, { limit: 'lobby' }));
    }
    const giveBack = this.#quota.take(holder);
    return new Promise((resolve) => {
      const disconnected = () => waiter.end('disconnected');
      const waiter: Waiter = {
        ...holder,
        peer,
        end: (outcome) => {
          signal.removeEventListener('abort', disconnected);
          waiters.delete(peer.peerId);
          if (waiters.size === 0) {
            this.#rooms.delete(roomId);
          }
          giveBack();
          resolve(outcome);
          this.emit('change', roomId);
        },
      };
      signal.addEventListener('abort', disconnected, { once: true });
      this.#rooms.set(roomId, waiters.set(peer.peerId, waiter));
      this.emit('change', roomId);
    });
  }

  #whyFull(waiters: ReadonlyMap<string, Waiter>, holder: Holder): string | undefined {
    const ofRoom = new Quota(lobbyLimits.room);
    for (const waiter of waiters.values()) {
      ofRoom.take(waiter);
    }
    const exceeded = ofRoom.exceeded(holder) ?? this.#quota.exceeded(holder);
    const whose = exceeded === 'total' ? '' : `with this ${exceeded} `;
    return exceeded && `too many peers ${whose}wait to be admitted`;
  }

  /** Ends one wait. @returns false when no such peer waits */
  end(roomId: string, peerId: string, outcome: WaitOutcome): boolean {
    const waiter = this.#rooms.get(roomId)?.get(peerId);
    waiter?.end(outcome);
    return waiter !== undefined;
  }

  /** Ends all waits for a room. */
  endAll(roomId: string, outcome: WaitOutcome): void {
    for (const waiter of [...(this.#rooms.get(roomId)?.values() ?? [])]) {
      waiter.end(outcome);
    }
  }

  /** Ends the waits for all rooms. */
  endEverywhere(outcome: WaitOutcome): void {
    for (const roomId of [...this.#rooms.keys()]) {
      this.endAll(roomId, outcome);
    }
  }
}
