import { type ErrorCode, errorCodes } from '@oneport/protocol';
import * as mediasoup from 'mediasoup';

/** The length of messages, so that a client can't make the server send and log what it has sent. */
const maxLength = 200;

/** A request that is rejected. It has changed nothing. */
export class RoomError extends Error {
  override name = 'RoomError';
  readonly code: ErrorCode;

  /** @param message - what is wrong and what was expected, for the developer of the client. It is cut to 200 characters */
  constructor(code: ErrorCode, message: string) {
    super(message.length > maxLength ? `${message.slice(0, maxLength - 1)}…` : message);
    this.code = code;
  }
}

/**
 * Classifies what mediasoup throws: parameters that it can't take (TypeError, UnsupportedError) are the client's
 * fault; a worker that dies meanwhile (WorkerClosedError) is not.
 *
 * @returns a RoomError where the client can be told what is wrong, otherwise the error itself
 */
export function toRoomError(error: unknown): unknown {
  if (error instanceof TypeError || error instanceof mediasoup.errors.UnsupportedError) {
    return new RoomError(errorCodes.badRequest, error.message);
  }
  if (error instanceof mediasoup.errors.NotFoundError) {
    return new RoomError(errorCodes.notFound, error.message);
  }
  if (error instanceof mediasoup.errors.WorkerClosedError) {
    return new RoomError(errorCodes.conflict, error.message);
  }
  return error;
}

/**
 * For methods whose parameters the client chooses. A worker rejects an SSRC, mid, rid or id that is already in use
 * with a plain Error (mediasoup's Channel.js), which only the called method tells apart from a fault of the server.
 *
 * @returns a RoomError for a plain Error, otherwise the error itself
 */
export function toBadRequest(error: unknown): unknown {
  return error instanceof Error && error.constructor === Error
    ? new RoomError(errorCodes.badRequest, error.message)
    : error;
}
