import { localUfragOf, mayBeBindingRequest } from '../../../stun/stun-message.ts';

/** What a TCP connection turned out to be. */
export type FirstBytes =
  | { kind: 'ice'; ufrag: string }
  | { kind: 'http' }
  | { kind: 'tls' }
  | { kind: 'unknown' };

/**
 * The most that a first frame may have, in bytes: a Binding Request that fits into a packet. Frames of
 * this length begin with a byte below 0x06, so that no other kind can be mistaken for ICE.
 */
export const maxFirstFrame = 1_500;

const lengthBytes = 2;
/** With version 1 of the PROXY protocol a connection begins as if it were HTTP. */
const proxyProtocol = Buffer.from('PROXY ');
/** ContentType handshake (RFC 8446, section 5.1). */
const tlsHandshake = 0x16;

/**
 * Tells by its first bytes what a TCP connection carries: ICE, whose frames have a length before them
 * (RFC 4571) and begin with a Binding Request (RFC 6544, section 7.1); TLS; or HTTP, whose methods are
 * upper-case letters. PROXY protocol is not known.
 *
 * @param bytes - all that has come, maybe none
 * @returns undefined when more bytes are needed: never with more than 2 + `maxFirstFrame`
 */
export function classify(bytes: Buffer): FirstBytes | undefined {
  const [first] = bytes;
  if (first === undefined) {
    return undefined;
  }
  if (first === tlsHandshake) {
    return { kind: 'tls' };
  }
  const beginning = bytes.subarray(0, proxyProtocol.length);
  if (beginning.equals(proxyProtocol.subarray(0, beginning.length))) {
    return beginning.length < proxyProtocol.length ? undefined : { kind: 'unknown' };
  }
  // 'A' to 'Z'.
  if (first >= 0x41 && first <= 0x5a) {
    return { kind: 'http' };
  }
  if (first > maxFirstFrame >> 8) {
    return { kind: 'unknown' };
  }
  if (bytes.length < lengthBytes) {
    return undefined;
  }
  const length = bytes.readUInt16BE(0);
  const frame = bytes.subarray(lengthBytes, lengthBytes + length);
  if (length > maxFirstFrame || !mayBeBindingRequest(frame, length)) {
    return { kind: 'unknown' };
  }
  if (frame.length < length) {
    return undefined;
  }
  const ufrag = localUfragOf(frame);
  return ufrag === undefined ? { kind: 'unknown' } : { kind: 'ice', ufrag };
}
