/** Types for the part of protoo-server that the server uses: version 4.0.8 has none. */
declare module 'protoo-server' {
  import type { EventEmitter } from 'node:events';

  export interface Request {
    request: true;
    id: number;
    method: string;
    data: unknown;
  }

  export interface Notification {
    notification: true;
    method: string;
    data: unknown;
  }

  /** Emits `message` and `close`. */
  export interface Transport extends EventEmitter {
    readonly closed: boolean;
    close(): void;
    send(message: object): Promise<void>;
  }

  export interface Peer extends EventEmitter {
    readonly id: string;
    readonly closed: boolean;
    close(): void;
    request(method: string, data?: unknown): Promise<unknown>;
    notify(method: string, data?: unknown): Promise<void>;
    on(
      event: 'request',
      listener: (
        request: Request,
        accept: (data?: unknown) => void,
        reject: (code: number, reason: string) => void,
      ) => void,
    ): this;
    on(event: 'notification', listener: (notification: Notification) => void): this;
    on(event: 'close', listener: () => void): this;
  }

  export class Room {
    createPeer(peerId: string, transport: Transport): Peer;
  }
}
