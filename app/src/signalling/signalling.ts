/** Typed protoo: every message is validated in both directions against the schemas of @oneport/protocol. */
import {
  closeCodes,
  explain,
  type NotificationData,
  type NotificationMethod,
  notifications,
  type RequestData,
  type RequestMethod,
  type RequestReply,
  requests,
  type ServerRequestData,
  type ServerRequestMethod,
  type ServerRequestReply,
  serverRequests,
} from '@oneport/protocol';
import Peer from 'protoo-client/lib/Peer.js';
import { Socket, type SocketClose } from './socket.ts';

export class RequestError extends Error {
  readonly method: string;
  /** The server's error code (see `errorCodes`); undefined if no answer came. */
  readonly code: number | undefined;

  constructor(method: string, code: number | undefined, reason: string, cause?: unknown) {
    super(`${method}: ${reason}`, { cause });
    this.method = method;
    this.code = code;
  }
}

/** Sends a request to the server. Rejects with RequestError. */
export type SendRequest = <M extends RequestMethod>(
  method: M,
  data: RequestData<M>,
) => Promise<RequestReply<M>>;

export type NotificationHandlers = {
  [M in NotificationMethod]: (data: NotificationData<M>) => void;
};

type ServerRequestHandlers = {
  [M in ServerRequestMethod]: (data: ServerRequestData<M>) => Promise<ServerRequestReply<M>>;
};

export interface SignallingHandlers {
  notifications: NotificationHandlers;
  requests: ServerRequestHandlers;
  /** The socket closed, but not by `close()` or `abandon()`. Pending requests have been rejected. */
  onClose: (close: SocketClose) => void;
}

/** Signalling over one socket. Another attempt needs another one. */
export interface Signalling {
  request: SendRequest;
  /** Leaves: the server does not wait for the peer to come back. */
  close(): void;
  /** Closes this socket for another one: the server keeps the session. */
  abandon(): void;
}

interface Schema<T> {
  safeParse(
    data: unknown,
  ): { success: true; data: T } | { success: false; error: Parameters<typeof explain>[0] };
}

const has = <T extends object>(table: T, name: string): name is keyof T & string =>
  Object.hasOwn(table, name);

/**
 * Opens a socket and speaks protoo over it.
 *
 * @param url - the whole signalling URL
 * @param handlers - called with valid messages only
 */
export function openSignalling(url: string, handlers: SignallingHandlers): Signalling {
  const socket = new Socket(url, (close) => {
    // Only Peer.close() rejects the requests that are waiting for a reply.
    peer.close();
    handlers.onClose(close);
  });
  const peer = new Peer(socket);

  peer.on('notification', ({ method, data }) => {
    if (!has(notifications, method)) {
      return;
    }
    notify(method, data);
  });
  const notify = <M extends NotificationMethod>(method: M, data: unknown) => {
    const parsed = (notifications[method] as Schema<NotificationData<M>>).safeParse(data);
    if (parsed.success) {
      handlers.notifications[method](parsed.data);
    } else {
      console.error(`signalling: invalid ${method}:`, explain(parsed.error));
    }
  };

  peer.on('request', ({ method, data }, accept, reject) => {
    if (!has(serverRequests, method)) {
      reject(405, `unknown method ${method}`);
      return;
    }
    const parsed = serverRequests[method].data.safeParse(data);
    if (!parsed.success) {
      console.error(`signalling: invalid ${method}:`, explain(parsed.error));
      reject(400, explain(parsed.error));
      return;
    }
    handlers.requests[method](parsed.data).then(accept, (error: unknown) => {
      reject(500, error instanceof Error ? error.message : String(error));
    });
  });

  return {
    async request(method, data) {
      const parsed = (requests[method].data as Schema<RequestData<typeof method>>).safeParse(data);
      if (!parsed.success) {
        throw new RequestError(method, 400, explain(parsed.error));
      }
      const answer = await peer.request(method, parsed.data).catch((error: unknown) => {
        const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : undefined;
        const reason = error instanceof Error ? error.message : String(error);
        throw new RequestError(method, typeof code === 'number' ? code : undefined, reason, error);
      });
      const reply = (requests[method].reply as Schema<RequestReply<typeof method>>).safeParse(
        answer,
      );
      if (!reply.success) {
        throw new RequestError(method, undefined, explain(reply.error));
      }
      return reply.data;
    },
    close: () => peer.close(),
    abandon: () => {
      socket.close(closeCodes.comingBack);
      peer.close();
    },
  };
}
