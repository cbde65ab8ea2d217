/** Finds out what a TCP connection carries. */
import type { Socket } from 'node:net';
import { localUfragOf, mayBeBindingRequest } from '../../../stun/stun-message.ts';

export type FirstBytes =
  | { kind: 'ice'; ufrag: string }
  | { kind: 'http' }
  | { kind: 'tls' }
  | { kind: 'unknown' };

/** Why a connection ended before its kind was known. */
interface Undecided {
  kind: 'timeout' | 'unused' | 'closedEarly' | 'overLimit';
}

/**
 * The maximum length of a first frame, in bytes: a Binding Request that fits into a packet. The length
 * field of such a frame begins with a byte below 0x06, as no other kind of connection does.
 */
export const maxFirstFrame = 1_500;

const lengthBytes = 2;
/** Version 1 of the PROXY protocol begins like an HTTP method. */
const proxyProtocol = Buffer.from('PROXY ');
/** ContentType handshake (RFC 8446, section 5.1). */
const tlsHandshake = 0x16;

/**
 * Classifies a connection by its first bytes: ICE sends a length (RFC 4571) and a Binding Request
 * (RFC 6544, section 7.1), TLS a handshake record, HTTP a method in upper-case letters. The PROXY
 * protocol is unknown.
 *
 * @param bytes - all bytes received so far, possibly none
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

/**
 * Reads until a connection can be classified, and puts the bytes back for its next reader.
 *
 * @param socket - just accepted, nothing read from it
 * @param withinMs - the time for the whole first frame, however many segments it has
 * @param evicted - aborted when the connection has to make room for newer ones
 * @returns what the connection carries; `unused` or `timeout` when time is up, without or with bytes
 *   received; `closedEarly` when the other side ended first; `overLimit` when it was evicted
 */
export function readFirstBytes(
  socket: Socket,
  withinMs: number,
  evicted: AbortSignal,
): Promise<FirstBytes | Undecided> {
  return new Promise((resolve) => {
    let read: Buffer = Buffer.alloc(0);
    const finish = (result: FirstBytes | Undecided) => {
      clearTimeout(timer);
      socket.off('readable', onReadable).off('end', onEnd).off('close', onEnd);
      evicted.removeEventListener('abort', onEvicted);
      resolve(result);
    };
    const onReadable = () => {
      const chunk: Buffer | null = socket.read();
      if (!chunk) {
        return;
      }
      read = read.length === 0 ? chunk : Buffer.concat([read, chunk]);
      const first = classify(read);
      if (!first) {
        return;
      }
      // Immediately: nothing can be put back after the other side's end was read.
      socket.unshift(read);
      finish(first);
    };
    const onEnd = () => finish({ kind: 'closedEarly' });
    const onEvicted = () => finish({ kind: 'overLimit' });
    const timer = setTimeout(
      () => finish({ kind: read.length === 0 ? 'unused' : 'timeout' }),
      withinMs,
    );
    socket.on('readable', onReadable).on('end', onEnd).on('close', onEnd);
    evicted.addEventListener('abort', onEvicted);
  });
}
