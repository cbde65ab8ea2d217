import { type ErrorCode, errorCodes } from '@oneport/protocol';
import * as mediasoup from 'mediasoup';

/** A request that can't be done, and whose fault that is. Nothing has changed by it. */
export class RoomError extends Error {
  override name = 'RoomError';
  readonly code: ErrorCode;

  /**
   * @param code - see `errorCodes`
   * @param message - what is wrong and what was expected, for the developer at the other end
   */
  constructor(code: ErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * What mediasoup throws at parameters that it can't take (TypeError, UnsupportedError) is the
 * peer's fault; at a thing that is being closed (WorkerClosedError), nobody's.
 *
 * @param error - anything thrown
 * @returns a RoomError where the peer can be told, otherwise the error as it is
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
 * What a worker throws at an SSRC, mid, rid or id that is taken already has no type of its own (mediasoup's
 * Channel.js makes a plain Error of it): only the method tells that it is the peer's fault.
 *
 * @param error - thrown by a method whose parameters are the peer's choice
 * @returns a RoomError for a plain Error, otherwise the error as it is
 */
export function toRefusal(error: unknown): unknown {
  return error instanceof Error && error.constructor === Error
    ? new RoomError(errorCodes.badRequest, error.message)
    : error;
}
