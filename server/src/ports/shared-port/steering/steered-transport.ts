import type { Remote, SteeringGroup } from './steering-group.ts';
import type { SteeringTables } from './steering-tables.ts';

/**
 * After an ICE restart the worker answers to the old ufrag until it sees the new one, which it tells
 * nobody: the old one is kept until the next restart.
 */
const ufragsKept = 2;

/** A transport's entries in the kernel's tables. */
export class SteeredTransport {
  readonly #tables: SteeringTables;
  readonly #slot: number;
  #id: number;
  #ufrags: string[] = [];
  #closed = false;

  /**
   * @param tables - where it is entered
   * @param slot - of its worker
   * @param ufrag - its ICE username fragment, which nobody has been told yet
   * @throws NoPortError when the tables are full
   */
  constructor(tables: SteeringTables, slot: number, ufrag: string) {
    this.#tables = tables;
    this.#slot = slot;
    this.#id = tables.addTransport(slot);
    try {
      this.restart(ufrag);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /**
   * It has a new ufrag. To be called before anybody is told.
   *
   * @throws NoPortError when the tables are full
   */
  restart(ufrag: string): void {
    if (this.#closed) {
      return;
    }
    this.#tables.setUfrag(ufrag, this.#id, this.#slot);
    this.#ufrags.unshift(ufrag);
    for (const old of this.#ufrags.splice(ufragsKept)) {
      this.#tables.removeUfrag(old);
    }
    this.#tables.renewClaims(this.#id, this.#slot);
  }

  /**
   * An address has been proven to be its peer's: the worker has checked a Binding Request's
   * MESSAGE-INTEGRITY. Whoever had it loses it, and gets it back by another such request.
   *
   * @throws SystemCallError
   */
  own(group: SteeringGroup, remote: Remote): void {
    if (this.#closed) {
      return;
    }
    group.setOwner(remote, this.#id);
    this.#tables.renewClaims(this.#id, this.#slot);
  }

  /**
   * None of its addresses is its own any more: consent has expired (RFC 7675), and the worker has
   * forgotten them. Its ufrags stay.
   *
   * @throws SystemCallError
   */
  disown(): void {
    if (this.#closed) {
      return;
    }
    // First, so that there is room for it under another number even in full tables.
    this.#tables.removeTransport(this.#id);
    this.#id = this.#tables.addTransport(this.#slot);
    for (const ufrag of this.#ufrags) {
      this.#tables.setUfrag(ufrag, this.#id, this.#slot);
    }
  }

  /** Nothing of it stays behind. */
  close(): void {
    this.#closed = true;
    for (const ufrag of this.#ufrags.splice(0)) {
      this.#tables.removeUfrag(ufrag);
    }
    this.#tables.removeTransport(this.#id);
  }
}
