import type { Socket as Connection } from 'engine.io';
import { webSocketOf } from './viewer-web-socket.ts';

/** Connections that have not sent a valid token, in total and of one address. */
export interface PendingLimits {
  total: number;
  perAddress: number;
}

/**
 * Connections that have not sent a valid token yet. The oldest make room for new ones, so that silent connections can't
 * keep operators out.
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
    connection.once('close', () => this.#connections.delete(connection));
    const all = [...this.#connections];
    const ofAddress = all.filter(([, other]) => other === address);
    const { total, perAddress } = this.#limits;
    const [oldest] =
      ofAddress.length > perAddress ? ofAddress : all.length > total ? all : [undefined];
    // Not closed, because its client may never answer a close frame.
    webSocketOf(oldest?.[0].request ?? {})?.terminate();
  }

  /** The connection has sent a valid token. */
  accept(connection: Connection): void {
    this.#connections.delete(connection);
    webSocketOf(connection.request)?.acceptViewer();
  }
}
