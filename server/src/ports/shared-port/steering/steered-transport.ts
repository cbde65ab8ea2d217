import type { Remote } from './layout.ts';
import type { SteeringGroup } from './steering-group.ts';
import type { SteeringTables } from './steering-tables.ts';

/**
 * After an ICE restart the worker accepts the old ufrag until it sees the new one, and emits no event
 * then. So the old one is kept until the next restart.
 */
const ufragsKept = 2;

/** As many as mediasoup's IceServer keeps for a transport. */
const tuplesKept = 8;

/** An address that the transport's worker has verified. */
interface VerifiedTuple {
  group: SteeringGroup;
  remote: Remote;
}

/** A transport's entries in the steering tables. */
export class SteeredTransport {
  readonly #tables: SteeringTables;
  readonly #workerIndex: number;
  #id: number;
  #ufrags: string[] = [];
  /** The newest first. */
  #tuples: VerifiedTuple[] = [];
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
   * request from there. A previous owner takes the address back by another such request. A client may have as many
   * addresses as it wants, such as an IPv6 /64, so the oldest is dropped when there are more than the worker keeps.
   *
   * @throws SystemCallError
   */
  verifyTuple(group: SteeringGroup, remote: Remote): void {
    if (this.#closed) {
      return;
    }
    group.setVerifiedOwner(remote, this.#id);
    const others = this.#tuples.filter((tuple) => !isSame(tuple, { group, remote }));
    const isNew = others.length === this.#tuples.length;
    this.#tuples = [{ group, remote }, ...others];
    for (const oldest of this.#tuples.splice(tuplesKept)) {
      oldest.group.dropTuple(oldest.remote, this.#id);
    }
    // A client that alternates between two addresses needs no more unverified ones.
    if (isNew) {
      this.#tables.resetUnverified(this.#id, this.#workerIndex);
    }
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
    this.#forgetTuples();
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
    this.#forgetTuples();
    for (const ufrag of this.#ufrags.splice(0)) {
      this.#tables.removeUfrag(ufrag);
    }
    this.#tables.removeTransport(this.#id);
  }

  /** The id goes, and with it the ownership of the tuples, but the table of verified ones does not know that. */
  #forgetTuples(): void {
    for (const { group, remote } of this.#tuples.splice(0)) {
      group.removeVerified(remote, this.#id);
    }
  }
}

function isSame(one: VerifiedTuple, other: VerifiedTuple): boolean {
  return (
    one.group === other.group &&
    one.remote.port === other.remote.port &&
    one.remote.address === other.remote.address
  );
}
