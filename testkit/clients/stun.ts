/** STUN that production neither sends nor reads, on top of the server's codec. */
import { randomBytes } from 'node:crypto';
import {
  emptyMessage,
  type IceCredentials,
  isStun,
  readAttributes,
  stunAttributes,
  stunTypes,
  withAttribute,
  withFingerprint,
  withIntegrity,
} from '../../server/src/stun/stun-message.ts';

/** Without a username fragment the request has no USERNAME. */
export type RequestCredentials = Pick<IceCredentials, 'password'> &
  Partial<Record<'usernameFragment', string | undefined>>;

/** How a request differs from the one by which a browser nominates a pair. */
export interface BindingRequestOptions {
  /** Attributes that are left out. */
  readonly without?: readonly ('priority' | 'useCandidate' | 'messageIntegrity' | 'fingerprint')[];
  /** The role that the sender claims (RFC 8445, 7.1.3). */
  readonly role?: 'controlling' | 'controlled';
}

/** A Binding Request like the codec's `bindingRequest`, with deviations. */
export function bindingRequestWith(
  { usernameFragment, password }: RequestCredentials,
  { without = [], role = 'controlling' }: BindingRequestOptions = {},
): Buffer {
  const { username, priority, iceControlling, iceControlled, useCandidate } = stunAttributes;
  let message = emptyMessage(stunTypes.request);
  if (usernameFragment !== undefined) {
    message = withAttribute(message, username, `${usernameFragment}:client`);
  }
  if (!without.includes('priority')) {
    message = withAttribute(message, priority, Buffer.from('7effffff', 'hex'));
  }
  const ownRole = role === 'controlling' ? iceControlling : iceControlled;
  message = withAttribute(message, ownRole, randomBytes(8));
  if (!without.includes('useCandidate')) {
    message = withAttribute(message, useCandidate, '');
  }
  if (!without.includes('messageIntegrity')) {
    message = withIntegrity(message, password);
  }
  return without.includes('fingerprint') ? message : withFingerprint(message);
}

/** The USERNAME of a Binding Request; undefined when there is none. */
export function usernameOf(message: Buffer): string | undefined {
  return isStun(message) && message.readUInt16BE(0) === stunTypes.request
    ? attributeOf(message, stunAttributes.username)?.toString()
    : undefined;
}

/** The IPv4 address and port that a response says the request came from (RFC 8489, 14.2). */
export function mappedAddressOf(message: Buffer): { address: string; port: number } | undefined {
  const value = attributeOf(message, stunAttributes.xorMappedAddress);
  // XORed with the magic cookie, which is in bytes 4 to 7 of the header.
  return (
    value && {
      address: [...value.subarray(4, 8)]
        .map((byte, i) => byte ^ message.readUInt8(4 + i))
        .join('.'),
      port: value.readUInt16BE(2) ^ message.readUInt16BE(4),
    }
  );
}

function attributeOf(message: Buffer, type: number): Buffer | undefined {
  return readAttributes(message)?.find((attribute) => attribute.type === type)?.value;
}
