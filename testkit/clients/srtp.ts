import { createCipheriv } from 'node:crypto';

/** For SRTP_AEAD_AES_128_GCM (RFC 7714, 12): the keys of both sides, then their salts. */
const [keyBytes, saltBytes] = [16, 12];
export const keyingMaterialBytes = 2 * (keyBytes + saltBytes);

interface Keys {
  readonly key: Buffer;
  readonly salt: Buffer;
}

/** How a packet's header differs from a minimal one. */
export interface RtpHeader {
  /** The first byte: version, padding, extension, and the number of CSRCs. */
  readonly first?: number;
  /** The second byte: marker and payload type. */
  readonly second?: number;
  /** The CSRCs and the extension between the SSRC and the payload. */
  readonly rest?: Buffer;
}

/** Encrypts RTP and RTCP as a DTLS client, with AEAD_AES_128_GCM (RFC 7714). */
export class SrtpSender {
  readonly #rtp: Keys;
  readonly #rtcp: Keys;
  readonly #ssrc: number;
  readonly #payloadType: number;
  #index = 0;

  /** @param keyingMaterial - exported by DTLS (RFC 5764, 4.2), the client's key first */
  constructor(keyingMaterial: Buffer, ssrc: number, payloadType: number) {
    const key = keyingMaterial.subarray(0, keyBytes);
    const salt = keyingMaterial.subarray(2 * keyBytes, 2 * keyBytes + saltBytes);
    // The labels of RFC 3711, 4.3.1 and 4.3.2.
    const keysOf = ([ofKey, ofSalt]: readonly [number, number]) => ({
      key: derive(key, salt, ofKey, keyBytes),
      salt: derive(key, salt, ofSalt, saltBytes),
    });
    this.#rtp = keysOf([0, 2]);
    this.#rtcp = keysOf([3, 5]);
    this.#ssrc = ssrc;
    this.#payloadType = payloadType;
  }

  /** The next packet: 28 bytes longer than its payload, plus the `rest` of its header. */
  next(
    payload: Buffer,
    { first = 0x80, second = this.#payloadType, rest = Buffer.alloc(0) }: RtpHeader = {},
  ): Buffer {
    const index = this.#index++;
    const header = Buffer.alloc(12);
    header.writeUInt8(first, 0);
    header.writeUInt8(second, 1);
    header.writeUInt16BE(index & 0xffff, 2);
    header.writeUInt32BE((index * 960) >>> 0, 4);
    header.writeUInt32BE(this.#ssrc, 8);

    // RFC 7714, 8.1: zero, SSRC, rollover counter, sequence number; XOR the salt.
    const iv = Buffer.alloc(12);
    iv.writeUInt32BE(this.#ssrc, 2);
    iv.writeUIntBE(index, 6, 6);
    const clear = Buffer.concat([header, rest]);
    return Buffer.concat([clear, encrypt(this.#rtp, iv, clear, payload)]);
  }

  /**
   * Encrypts RTCP, which becomes 20 bytes longer.
   *
   * @param packet - may be compound
   * @param index - receivers drop a second packet with the same one
   */
  rtcp(packet: Buffer, index: number): Buffer {
    const clear = packet.subarray(0, 8);
    const trailer = Buffer.alloc(4);
    // The first bit says that the packet is encrypted.
    trailer.writeUInt32BE((0x80000000 | index) >>> 0);

    // RFC 7714, 9.1: zero, SSRC, zero, index; XOR the salt.
    const iv = Buffer.alloc(12);
    clear.copy(iv, 2, 4);
    iv.writeUInt32BE(index, 8);
    const more = Buffer.concat([clear, trailer]);
    return Buffer.concat([clear, encrypt(this.#rtcp, iv, more, packet.subarray(8)), trailer]);
  }
}

/**
 * An RTCP sender report (RFC 3550, 6.4.1).
 *
 * @param rtpTimestamp - identifies it
 */
export function senderReport(ssrc: number, rtpTimestamp: number): Buffer {
  const packet = Buffer.alloc(28);
  packet.writeUInt8(0x80, 0);
  packet.writeUInt8(200, 1);
  packet.writeUInt16BE(packet.length / 4 - 1, 2);
  packet.writeUInt32BE(ssrc, 4);
  packet.writeUInt32BE(rtpTimestamp, 16);
  return packet;
}

/** @returns the ciphertext and its tag, which also authenticates `clear` */
function encrypt({ key, salt }: Keys, iv: Buffer, clear: Buffer, text: Buffer): Buffer {
  for (const [i, byte] of salt.entries()) {
    iv[i] = (iv[i] ?? 0) ^ byte;
  }
  const cipher = createCipheriv('aes-128-gcm', key, iv);
  cipher.setAAD(clear);
  return Buffer.concat([cipher.update(text), cipher.final(), cipher.getAuthTag()]);
}

/** RFC 3711, 4.3.3, with the salt length of RFC 7714, 11. */
function derive(key: Buffer, salt: Buffer, label: number, bytes: number): Buffer {
  const iv = Buffer.alloc(16);
  salt.copy(iv);
  iv[7] = (iv[7] ?? 0) ^ label;
  return createCipheriv('aes-128-ctr', key, iv).update(Buffer.alloc(bytes));
}
