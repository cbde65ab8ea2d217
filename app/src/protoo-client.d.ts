/** The part of protoo-client 4.0.8 that is used here; the package has no types. */
declare module 'protoo-client/lib/Peer.js' {
  /** The transport of a protoo peer (protoo-client, lib/transports/WebSocketTransport.js). */
  export interface PeerTransport {
    readonly closed: boolean;
    close(): void;
    send(message: object): Promise<void>;
    on(event: string, listener: (...args: never[]) => void): unknown;
  }

  export interface IncomingRequest {
    method: string;
    data: unknown;
  }

  export default class Peer {
    constructor(transport: PeerTransport);
    readonly closed: boolean;
    /** Closes the transport and rejects every request that waits for its reply. */
    close(): void;
    /** Rejects with an Error whose `code` is the number that the server sent. */
    request(method: string, data?: object): Promise<unknown>;
    on(event: 'open' | 'close', listener: () => void): this;
    on(
      event: 'notification',
      listener: (notification: { method: string; data: unknown }) => void,
    ): this;
    on(
      event: 'request',
      listener: (
        request: IncomingRequest,
        accept: (data?: object) => void,
        reject: (errorCode: number, errorReason: string) => void,
      ) => void,
    ): this;
  }
}

declare module 'protoo-client/lib/Message.js' {
  /** Parses a protoo frame and checks its form. */
  export function parse(raw: string): object | undefined;
}
