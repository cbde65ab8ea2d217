const headerBytes = 20;
const bindingRequest = 0x0001;
const magicCookie = 0x2112a442;
const attributes = { username: 0x0006, messageIntegrity: 0x0008 };

/** RFC 8445, section 5.3: 4 to 256 of these. */
const ufragPattern = /^[A-Za-z0-9+/]{4,256}$/;

/**
 * Whether it may become a STUN Binding Request (RFC 8489, section 5).
 *
 * @param bytes - its first ones, maybe none
 * @param length - how many it will have, in bytes
 */
export function mayBeBindingRequest(bytes: Buffer, length: number): boolean {
  if (length < headerBytes || length % 4 !== 0) {
    return false;
  }
  const head = Buffer.alloc(8);
  head.writeUInt16BE(bindingRequest, 0);
  head.writeUInt16BE(length - headerBytes, 2);
  head.writeUInt32BE(magicCookie, 4);
  const known = Math.min(bytes.length, head.length);
  return bytes.compare(head, 0, known, 0, known) === 0;
}

/**
 * Our ICE username fragment in a STUN Binding Request: the part of USERNAME before the colon (RFC 8489,
 * section 14.3; RFC 8445, section 7.2.2). Nothing is proven by it: the worker checks MESSAGE-INTEGRITY.
 *
 * @param message - a datagram or frame, whole; whatever it holds does no harm
 * @returns undefined when it is no such request, is malformed anywhere, or has no such USERNAME
 */
export function localUfragOf(message: Buffer): string | undefined {
  if (message.length < headerBytes || !mayBeBindingRequest(message, message.length)) {
    return undefined;
  }
  let username: Buffer | undefined;
  let checked = false;
  for (let at = headerBytes; at < message.length; ) {
    // The length is a multiple of 4, and so is each step: there are 4 bytes.
    const type = message.readUInt16BE(at);
    const length = message.readUInt16BE(at + 2);
    const value = at + 4;
    at = value + Math.ceil(length / 4) * 4;
    if (at > message.length) {
      return undefined;
    }
    // Of several only the first counts, and none that MESSAGE-INTEGRITY doesn't cover (14.5).
    if (type === attributes.messageIntegrity) {
      checked = true;
    }
    if (type === attributes.username && !checked) {
      username ??= message.subarray(value, value + length);
    }
  }
  const text = username?.toString('latin1') ?? '';
  const ufrag = text.slice(0, Math.max(0, text.indexOf(':')));
  return ufragPattern.test(ufrag) ? ufrag : undefined;
}
