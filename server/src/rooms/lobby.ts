import { EventEmitter } from 'node:events';
import { closeCodes, type WaitingPeer } from '@oneport/protocol';
import { AdmissionError } from '../config/admission-error.ts';

/** How a wait has ended. again: look anew, the room is another or no longer locked. */
export type WaitEnd =
  | 'admitted'
  | 'denied'
  | 'room closed'
  | 'replaced'
  | 'taken'
  | 'gone'
  | 'again';

interface Waiter {
  peer: WaitingPeer;
  subject: string | undefined;
  end(outcome: WaitEnd): void;
}

/** How many may wait: each holds a socket, and nothing of a worker. */
export const lobbyLimits = { ofOneRoom: 50, ofAllRooms: 1000 };

/** Those who wait to be let into rooms, which needn't be open: nobody may have come yet. */
export class Lobby extends EventEmitter<{ change: [roomId: string] }> {
  readonly #rooms = new Map<string, Map<string, Waiter>>();
  #size = 0;

  /** How many wait, for all rooms. */
  get size(): number {
    return this.#size;
  }

  /** Who waits for a room, the longest waiting first. */
  of(roomId: string): WaitingPeer[] {
    return [...(this.#rooms.get(roomId)?.values() ?? [])].map(({ peer }) => peer);
  }

  /**
   * Waits until a moderator decides, or there is nothing to wait for any more.
   *
   * @param subject - whose token it is: it may take its own place here, from another socket, and nobody else may
   * @param signal - aborted when its socket is gone
   * @throws AdmissionError when the lobby is full
   */
  wait(
    roomId: string,
    peer: WaitingPeer,
    subject: string | undefined,
    signal: AbortSignal,
  ): Promise<WaitEnd> {
    if (signal.aborted) {
      return Promise.resolve('gone');
    }
    const waiters = this.#rooms.get(roomId) ?? new Map<string, Waiter>();
    const present = waiters.get(peer.peerId);
    if (present && present.subject !== subject) {
      return Promise.resolve('taken');
    }
    present?.end('replaced');
    if (waiters.size >= lobbyLimits.ofOneRoom || this.#size >= lobbyLimits.ofAllRooms) {
      return Promise.reject(
        new AdmissionError(closeCodes.tooMany, 'too many are waiting to be let in', {
          limit: 'lobby',
        }),
      );
    }
    return new Promise((resolve) => {
      const gone = () => waiter.end('gone');
      const waiter: Waiter = {
        peer,
        subject,
        end: (outcome) => {
          signal.removeEventListener('abort', gone);
          waiters.delete(peer.peerId);
          if (waiters.size === 0) {
            this.#rooms.delete(roomId);
          }
          this.#size -= 1;
          resolve(outcome);
          this.emit('change', roomId);
        },
      };
      signal.addEventListener('abort', gone, { once: true });
      this.#rooms.set(roomId, waiters.set(peer.peerId, waiter));
      this.#size += 1;
      this.emit('change', roomId);
    });
  }

  /** Ends one wait. @returns false when nobody of that id waits */
  end(roomId: string, peerId: string, outcome: WaitEnd): boolean {
    const waiter = this.#rooms.get(roomId)?.get(peerId);
    waiter?.end(outcome);
    return waiter !== undefined;
  }

  /** Ends every wait for a room. */
  endAll(roomId: string, outcome: WaitEnd): void {
    for (const waiter of [...(this.#rooms.get(roomId)?.values() ?? [])]) {
      waiter.end(outcome);
    }
  }

  /** Ends every wait. */
  endEverywhere(outcome: WaitEnd): void {
    for (const roomId of [...this.#rooms.keys()]) {
      this.endAll(roomId, outcome);
    }
  }

  /** Who it is that waits under this peer id. */
  subjectOf(roomId: string, peerId: string): string | undefined {
    return this.#rooms.get(roomId)?.get(peerId)?.subject;
  }
}
