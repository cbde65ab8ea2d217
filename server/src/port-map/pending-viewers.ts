import type { Socket as Connection } from 'engine.io';

/** Connections that have not sent a valid token, in total and of one address. */
export interface PendingLimits {
  total: number;
  perAddress: number;
}

/**
 * Connections that have not sent a valid token yet. Each may try one token, and the oldest make room for new ones, so
 * that silent connections can't keep operators out.
 */
export class PendingViewers {
  readonly #limits: PendingLimits;
  /** The address that each counts as, the oldest first. */
  readonly #connections = new Map<Connection, string>();

  constructor(limits: PendingLimits) {
    this.#limits = limits;
  }

  /** @param address - what its remote address counts as */
  add(connection: Connection, address: string): void {
    this.#connections.set(connection, address);
    connection.once('close', () => this.delete(connection));
    let tried = false;
    connection.on('packet', ({ type }) => {
      if (type !== 'message' || !this.#connections.has(connection)) {
        return;
      }
      // The first message is the token; the server answers it before another one may follow.
      if (tried) {
        connection.close(true);
      }
      tried = true;
    });
    const all = [...this.#connections];
    const ofAddress = all.filter(([, other]) => other === address);
    const { total, perAddress } = this.#limits;
    const [oldest] =
      ofAddress.length > perAddress ? ofAddress : all.length > total ? all : [undefined];
    oldest?.[0].close(true);
  }

  /** The connection has sent a valid token, or is closed. */
  delete(connection: Connection): void {
    this.#connections.delete(connection);
  }
}
