/** protoo with types: every message is checked, both ways, against the contract in @oneport/protocol. */
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
import { Socket, type SocketEnd } from './socket.ts';

export class RequestError extends Error {
  readonly method: string;
  /** The server's error code (see @oneport/protocol), or undefined if no answer came. */
  readonly code: number | undefined;

  constructor(method: string, code: number | undefined, reason: string, cause?: unknown) {
    super(`${method}: ${reason}`, { cause });
    this.method = method;
    this.code = code;
  }
}

/** Asks the server. Rejects with RequestError. */
export type SendRequest = <M extends RequestMethod>(
  method: M,
  data: RequestData<M>,
) => Promise<RequestReply<M>>;

export type NotificationHandlers = {
  [M in NotificationMethod]: (data: NotificationData<M>) => void;
};

export type ServerRequestHandlers = {
  [M in ServerRequestMethod]: (data: ServerRequestData<M>) => Promise<ServerRequestReply<M>>;
};

export interface SignallingHandlers {
  notifications: NotificationHandlers;
  requests: ServerRequestHandlers;
  /** The socket is gone, and not by our `close()`. Pending requests have been rejected. */
  ended: (end: SocketEnd) => void;
}

/** One socket's worth of signalling. For another attempt, make another one. */
export interface Signalling {
  request: SendRequest;
  /** Leaves politely: the server need not wait for us to come back. */
  close(): void;
  /** Gives this socket up for another: the server keeps our place. */
  abandon(): void;
}

interface Checkable<T> {
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
 * @param handlers - for what the server sends; messages that break the contract don't reach them
 */
export function openSignalling(url: string, handlers: SignallingHandlers): Signalling {
  const socket = new Socket(url, (end) => {
    // Only Peer.close() rejects the requests that are waiting for a reply.
    peer.close();
    handlers.ended(end);
  });
  const peer = new Peer(socket);

  peer.on('notification', ({ method, data }) => {
    if (!has(notifications, method)) {
      return;
    }
    notify(method, data);
  });
  const notify = <M extends NotificationMethod>(method: M, data: unknown) => {
    const checked = (notifications[method] as Checkable<NotificationData<M>>).safeParse(data);
    if (checked.success) {
      handlers.notifications[method](checked.data);
    } else {
      console.error(`signalling: bad ${method}:`, explain(checked.error));
    }
  };

  peer.on('request', ({ method, data }, accept, reject) => {
    if (!has(serverRequests, method)) {
      reject(405, `unknown method ${method}`);
      return;
    }
    const checked = serverRequests[method].data.safeParse(data);
    if (!checked.success) {
      console.error(`signalling: bad ${method}:`, explain(checked.error));
      reject(400, explain(checked.error));
      return;
    }
    handlers.requests[method](checked.data).then(accept, (error: unknown) => {
      reject(500, error instanceof Error ? error.message : String(error));
    });
  });

  return {
    async request(method, data) {
      const checked = (requests[method].data as Checkable<RequestData<typeof method>>).safeParse(
        data,
      );
      if (!checked.success) {
        throw new RequestError(method, 400, explain(checked.error));
      }
      const answer = await peer.request(method, checked.data).catch((error: unknown) => {
        const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : undefined;
        const reason = error instanceof Error ? error.message : String(error);
        throw new RequestError(method, typeof code === 'number' ? code : undefined, reason, error);
      });
      const reply = (requests[method].reply as Checkable<RequestReply<typeof method>>).safeParse(
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
