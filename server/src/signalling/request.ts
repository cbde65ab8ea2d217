import {
  errorCodes,
  explain,
  type RequestData,
  type RequestMethod,
  requests,
} from '@oneport/protocol';
import type { z } from 'zod';
import { RoomError } from '../rooms/room-error.ts';

/** A request whose data its schema has rebuilt. */
export type ValidRequest = {
  [M in RequestMethod]: { method: M; data: RequestData<M> };
}[RequestMethod];

export function isRequestMethod(method: string): method is RequestMethod {
  return Object.hasOwn(requests, method);
}

/** @throws RoomError when there is no such method, or the data doesn't match its schema */
export function parseRequest(method: string, data: unknown): ValidRequest {
  if (!isRequestMethod(method)) {
    throw new RoomError(errorCodes.unknownMethod, `unknown method: ${method}`);
  }
  const result = (requests[method].data as z.ZodType).safeParse(data);
  if (!result.success) {
    throw new RoomError(errorCodes.badRequest, explain(result.error));
  }
  return { method, data: result.data } as ValidRequest;
}

/**
 * Estimates the memory of a value from JSON as 64-bit V8 stores it: small objects such as `{}` take 20 times their text.
 *
 * @param value - of limited depth
 * @returns bytes, rather too many: V8 keeps equal short strings once
 */
export function heapBytes(value: unknown): number {
  if (typeof value === 'string') {
    // V8 stores a string with any character beyond Latin-1 as UTF-16.
    return 24 + 2 * value.length;
  }
  if (typeof value !== 'object' || value === null) {
    return 0;
  }
  const children: unknown[] = Object.values(value);
  return children.reduce<number>((sum, child) => sum + 8 + heapBytes(child), 56);
}
