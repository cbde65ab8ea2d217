/** STUN messages (RFC 8489) as ICE sends them (RFC 8445): the only codec of the repository. */
import { createHmac, randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';

export const stunHeaderBytes = 20;
export const magicCookie = 0x2112a442;

/** The method Binding in each of its classes (RFC 8489, 5). */
export const stunTypes = {
  request: 0x0001,
  indication: 0x0011,
  successResponse: 0x0101,
  errorResponse: 0x0111,
} as const;

export const stunAttributes = {
  username: 0x0006,
  messageIntegrity: 0x0008,
  errorCode: 0x0009,
  xorMappedAddress: 0x0020,
  priority: 0x0024,
  useCandidate: 0x0025,
  fingerprint: 0x8028,
  iceControlled: 0x8029,
  iceControlling: 0x802a,
} as const;

/** RFC 8445, section 5.3. */
const ufragPattern = /^[A-Za-z0-9+/]{4,256}$/;

/** The ICE parameters of the transport that a request is for. */
export interface IceCredentials {
  readonly usernameFragment: string;
  readonly password: string;
}

/** `success`, or the code of an error response, such as 401. */
export type BindingResult = 'success' | number;

export interface StunAttribute {
  type: number;
  value: Buffer;
}

/** A message without attributes and with a new transaction id. */
export function emptyMessage(type: number): Buffer {
  const message = Buffer.alloc(stunHeaderBytes);
  message.writeUInt16BE(type, 0);
  message.writeUInt32BE(magicCookie, 4);
  randomBytes(12).copy(message, 8);
  return message;
}

/** The message with one more attribute. */
export function withAttribute(message: Buffer, type: number, value: Buffer | string): Buffer {
  const bytes = Buffer.from(value);
  return appendComputed(message, { type, length: bytes.length }, () => bytes);
}

/**
 * The message with MESSAGE-INTEGRITY (RFC 8489, 14.5).
 *
 * @param key - for short-term credentials the password
 */
export function withIntegrity(message: Buffer, key: string | Buffer): Buffer {
  return appendComputed(message, { type: stunAttributes.messageIntegrity, length: 20 }, (before) =>
    createHmac('sha1', key).update(before).digest(),
  );
}

/** The message with FINGERPRINT (RFC 8489, 14.7). */
export function withFingerprint(message: Buffer): Buffer {
  return appendComputed(message, { type: stunAttributes.fingerprint, length: 4 }, (before) => {
    const sum = Buffer.alloc(4);
    sum.writeUInt32BE((crc32(before) ^ 0x5354554e) >>> 0);
    return sum;
  });
}

/** @param compute - the value, given the message up to it. The header's length includes the attribute */
function appendComputed(
  message: Buffer,
  { type, length }: { type: number; length: number },
  compute: (before: Buffer) => Buffer,
): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt16BE(type, 0);
  head.writeUInt16BE(length, 2);
  const padded = Buffer.alloc(paddedLength(length));
  const before = Buffer.from(message);
  before.writeUInt16BE(message.length - stunHeaderBytes + head.length + padded.length, 2);
  compute(before).copy(padded);
  return Buffer.concat([before, head, padded]);
}

/** The request by which a full ICE agent checks and nominates a pair (RFC 8445, 7.1). */
export function bindingRequest({ usernameFragment, password }: IceCredentials): Buffer {
  let message = emptyMessage(stunTypes.request);
  message = withAttribute(message, stunAttributes.username, `${usernameFragment}:client`);
  message = withAttribute(message, stunAttributes.priority, Buffer.from('7effffff', 'hex'));
  message = withAttribute(message, stunAttributes.iceControlling, randomBytes(8));
  message = withAttribute(message, stunAttributes.useCandidate, '');
  return withFingerprint(withIntegrity(message, password));
}

/** Whether a datagram is STUN, and not DTLS, RTP or RTCP (RFC 7983). */
export function isStun(message: Buffer): boolean {
  return message.length >= stunHeaderBytes && message.readUInt8(0) <= 3;
}

/** The id that a request and its response share (RFC 8489, 5). @param message - at least 20 bytes */
export function transactionId(message: Buffer): string {
  return message.toString('hex', 8, stunHeaderBytes);
}

/**
 * @param message - at least 20 bytes
 * @returns the attributes in order; undefined when one exceeds the message
 */
export function readAttributes(message: Buffer): StunAttribute[] | undefined {
  const attributes: StunAttribute[] = [];
  for (let at = stunHeaderBytes; at < message.length; ) {
    const value = at + 4;
    if (value > message.length) {
      return undefined;
    }
    const type = message.readUInt16BE(at);
    const length = message.readUInt16BE(at + 2);
    at = value + paddedLength(length);
    if (at > message.length) {
      return undefined;
    }
    attributes.push({ type, value: message.subarray(value, value + length) });
  }
  return attributes;
}

/**
 * @param response - at least 20 bytes
 * @throws Error when it is neither a success nor an error response
 */
export function bindingResult(response: Buffer): BindingResult {
  const type = response.readUInt16BE(0);
  if (type === stunTypes.successResponse) {
    return 'success';
  }
  const error = readAttributes(response)?.find((one) => one.type === stunAttributes.errorCode);
  if (error && error.value.length >= 4) {
    return (error.value.readUInt8(2) & 7) * 100 + error.value.readUInt8(3);
  }
  throw new Error(`STUN message of type 0x${type.toString(16)} without an error code`);
}

/**
 * Whether bytes can be the beginning of a Binding Request (RFC 8489, section 5).
 *
 * @param bytes - those received so far, possibly none
 * @param length - the length of the whole message
 */
export function mayBeBindingRequest(bytes: Buffer, length: number): boolean {
  if (length < stunHeaderBytes || length % 4 !== 0) {
    return false;
  }
  const head = Buffer.alloc(8);
  head.writeUInt16BE(stunTypes.request, 0);
  head.writeUInt16BE(length - stunHeaderBytes, 2);
  head.writeUInt32BE(magicCookie, 4);
  const known = Math.min(bytes.length, head.length);
  return bytes.compare(head, 0, known, 0, known) === 0;
}

/**
 * The server's ICE username fragment in a Binding Request: the part of USERNAME before the colon
 * (RFC 8489, section 14.3; RFC 8445, section 7.2.2). It is not authenticated: the worker checks
 * MESSAGE-INTEGRITY.
 *
 * @param message - a whole datagram or frame, from anybody
 * @returns undefined when it is no Binding Request, is malformed anywhere, or has no valid USERNAME
 */
export function localUfragOf(message: Buffer): string | undefined {
  if (message.length < stunHeaderBytes || !mayBeBindingRequest(message, message.length)) {
    return undefined;
  }
  const attributes = readAttributes(message) ?? [];
  const integrityAt = attributes.findIndex(({ type }) => type === stunAttributes.messageIntegrity);
  const usernameAt = attributes.findIndex(({ type }) => type === stunAttributes.username);
  // Attributes after MESSAGE-INTEGRITY are not covered by it and must be ignored (14.5).
  if (integrityAt >= 0 && usernameAt > integrityAt) {
    return undefined;
  }
  const username = attributes[usernameAt]?.value.toString('latin1') ?? '';
  const ufrag = username.slice(0, Math.max(0, username.indexOf(':')));
  return ufragPattern.test(ufrag) ? ufrag : undefined;
}

function paddedLength(length: number): number {
  return Math.ceil(length / 4) * 4;
}
