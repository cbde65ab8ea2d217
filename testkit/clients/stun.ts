import { createHmac, randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';

const magicCookie = 0x2112a442;
const headerBytes = 20;
/** STUN message types: the method Binding in each of its classes (RFC 8489, 5). */
export const stunTypes = {
  request: 0x0001,
  indication: 0x0011,
  successResponse: 0x0101,
  errorResponse: 0x0111,
} as const;
const attributes = {
  username: 0x0006,
  messageIntegrity: 0x0008,
  errorCode: 0x0009,
  xorMappedAddress: 0x0020,
  priority: 0x0024,
  useCandidate: 0x0025,
  fingerprint: 0x8028,
  iceControlled: 0x8029,
  iceControlling: 0x802a,
};

/** What the worker says of its transport. Without a username fragment the request has no USERNAME. */
export interface IceCredentials {
  readonly usernameFragment?: string;
  readonly password: string;
}

/** How a request differs from the one by which a browser nominates a pair. */
export interface BindingRequestOptions {
  /** Attributes that it lacks. */
  readonly without?: readonly ('priority' | 'useCandidate' | 'messageIntegrity' | 'fingerprint')[];
  /** Which role its sender takes itself to be in (RFC 8445, 7.1.3). */
  readonly role?: 'controlling' | 'controlled';
}

/** The STUN request by which a full ICE agent checks and nominates a pair (RFC 8445, 7.1; RFC 8489). */
export function bindingRequest(
  ice: IceCredentials,
  { without = [], role = 'controlling' }: BindingRequestOptions = {},
): Buffer {
  const priority = Buffer.alloc(4);

  priority.writeUInt32BE(0x7effffff);

  let message = emptyMessage(stunTypes.request);

  if (ice.usernameFragment !== undefined) {
    message = append(message, attributes.username, Buffer.from(`${ice.usernameFragment}:client`));
  }
  if (!without.includes('priority')) {
    message = append(message, attributes.priority, priority);
  }
  message = append(
    message,
    role === 'controlling' ? attributes.iceControlling : attributes.iceControlled,
    randomBytes(8),
  );
  if (!without.includes('useCandidate')) {
    message = append(message, attributes.useCandidate, Buffer.alloc(0));
  }
  if (!without.includes('messageIntegrity')) {
    message = append(message, attributes.messageIntegrity, 20, (text) =>
      createHmac('sha1', ice.password).update(text).digest(),
    );
  }
  if (without.includes('fingerprint')) {
    return message;
  }

  return append(message, attributes.fingerprint, 4, (text) => {
    const sum = Buffer.alloc(4);

    sum.writeUInt32BE((crc32(text) ^ 0x5354554e) >>> 0);

    return sum;
  });
}

/** Whether it is STUN, and not DTLS, RTP or RTCP (RFC 7983). */
export function isStun(message: Buffer): boolean {
  return message.length >= headerBytes && message.readUInt8(0) <= 3;
}

/** What a request and its response have in common. */
export function transactionId(message: Buffer): string {
  return message.toString('hex', 8, headerBytes);
}

/** What a response says: `success`, or the code of its error, such as 401. */
export function responseResult(message: Buffer): 'success' | number {
  const type = message.readUInt16BE(0);

  if (type === stunTypes.successResponse) {
    return 'success';
  }

  const error = attributeOf(message, attributes.errorCode);

  if (error) {
    return (error.readUInt8(2) & 7) * 100 + error.readUInt8(3);
  }
  throw new Error(`STUN message of type ${type.toString(16)} without an error code`);
}

/** For tests: the USERNAME of a STUN request; undefined when it is none. */
export function usernameOf(message: Buffer): string | undefined {
  return isStun(message) && message.readUInt16BE(0) === stunTypes.request
    ? attributeOf(message, attributes.username)?.toString()
    : undefined;
}

/** For tests: which IPv4 address and port a response says that the request came from (RFC 8489, 14.2). */
export function mappedAddressOf(message: Buffer): { address: string; port: number } | undefined {
  const value = attributeOf(message, attributes.xorMappedAddress);

  return (
    value && {
      address: [...value.subarray(4, 8)]
        .map((byte, i) => byte ^ message.readUInt8(4 + i))
        .join('.'),
      port: value.readUInt16BE(2) ^ (magicCookie >>> 16),
    }
  );
}

function attributeOf(message: Buffer, type: number): Buffer | undefined {
  for (let at = headerBytes; at < message.length; at += 4 + padded(message.readUInt16BE(at + 2))) {
    if (message.readUInt16BE(at) === type) {
      return message.subarray(at + 4, at + 4 + message.readUInt16BE(at + 2));
    }
  }

  return undefined;
}

/** For tests: a STUN message without attributes. */
export function emptyMessage(type: number): Buffer {
  const bytes = Buffer.alloc(headerBytes);

  bytes.writeUInt16BE(type, 0);
  bytes.writeUInt32BE(magicCookie, 4);
  randomBytes(12).copy(bytes, 8);

  return bytes;
}

/**
 * @param value - The attribute's value, or its length in bytes when it is made of what goes before it.
 * @param make - Makes such a value; the length in the header already counts the attribute.
 */
function append(
  message: Buffer,
  type: number,
  value: Buffer | number,
  make: (before: Buffer) => Buffer = () => Buffer.alloc(0),
): Buffer {
  const length = typeof value === 'number' ? value : value.length;
  const before = Buffer.from(message);
  const head = Buffer.alloc(4);

  head.writeUInt16BE(type, 0);
  head.writeUInt16BE(length, 2);
  before.writeUInt16BE(message.length - headerBytes + 4 + padded(length), 2);

  const content = Buffer.alloc(padded(length));

  (typeof value === 'number' ? make(before) : value).copy(content);

  return Buffer.concat([before, head, content]);
}

function padded(length: number): number {
  return Math.ceil(length / 4) * 4;
}
