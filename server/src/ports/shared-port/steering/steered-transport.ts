import type { Remote } from './layout.ts';
import type { SteeringGroup } from './steering-group.ts';
import type { SteeringTables } from './steering-tables.ts';

/**
 * After an ICE restart the worker accepts the old ufrag until it sees the new one, and emits no event
 * then. So the old one is kept until the next restart.
 */
const ufragsKept = 2;

/** A transport's entries in the steering tables. */
export class SteeredTransport {
  readonly #tables: SteeringTables;
  readonly #workerIndex: number;
  #id: number;
  #ufrags: string[] = [];
  #closed = false;

  /**
   * @param ufrag - its ICE username fragment, which no client has been given yet
   * @throws NoPortError when the tables are full
   */
  constructor(tables: SteeringTables, workerIndex: number, ufrag: string) {
    this.#tables = tables;
    this.#workerIndex = workerIndex;
    this.#id = tables.addTransport(workerIndex);
    try {
      this.addUfrag(ufrag);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /**
   * Adds the ufrag of an ICE restart. To be called before a client is given the ufrag.
   *
   * @throws NoPortError when the tables are full
   */
  addUfrag(ufrag: string): void {
    if (this.#closed) {
      return;
    }
    this.#tables.setUfrag(ufrag, this.#id, this.#workerIndex);
    this.#ufrags.unshift(ufrag);
    for (const old of this.#ufrags.splice(ufragsKept)) {
      this.#tables.removeUfrag(old);
    }
    this.#tables.resetUnverified(this.#id, this.#workerIndex);
  }

  /**
   * Makes the transport the owner of an address: its worker has checked the MESSAGE-INTEGRITY of a
   * request from there. A previous owner takes the address back by another such request.
   *
   * @throws SystemCallError
   */
  verifyTuple(group: SteeringGroup, remote: Remote): void {
    if (this.#closed) {
      return;
    }
    group.setVerifiedOwner(remote, this.#id);
    this.#tables.resetUnverified(this.#id, this.#workerIndex);
  }

  /**
   * Drops all tuples: consent has expired (RFC 7675), and the worker has dropped them too. The ufrags
   * stay valid.
   *
   * @throws SystemCallError
   */
  dropTuples(): void {
    if (this.#closed) {
      return;
    }
    // Removed first, so that full tables have an entry for the new id.
    this.#tables.removeTransport(this.#id);
    this.#id = this.#tables.addTransport(this.#workerIndex);
    for (const ufrag of this.#ufrags) {
      this.#tables.setUfrag(ufrag, this.#id, this.#workerIndex);
    }
  }

  /** Removes all its entries. */
  close(): void {
    this.#closed = true;
    for (const ufrag of this.#ufrags.splice(0)) {
      this.#tables.removeUfrag(ufrag);
    }
    this.#tables.removeTransport(this.#id);
  }
}
