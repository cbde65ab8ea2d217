import { createCipheriv } from 'node:crypto';

/** Of SRTP_AEAD_AES_128_GCM (RFC 7714, 12): the keys of both sides, then their salts. */
const [keyBytes, saltBytes] = [16, 12];
export const keyingMaterialBytes = 2 * (keyBytes + saltBytes);

/** Encrypts RTP as a DTLS client sends it, by AEAD_AES_128_GCM (RFC 7714). */
export class SrtpSender {
  readonly #key: Buffer;
  readonly #salt: Buffer;
  readonly #ssrc: number;
  readonly #payloadType: number;
  #index = 0;

  /** @param keyingMaterial - what DTLS has exported (RFC 5764, 4.2), the client's key first */
  constructor(keyingMaterial: Buffer, ssrc: number, payloadType: number) {
    const key = keyingMaterial.subarray(0, keyBytes);
    const salt = keyingMaterial.subarray(2 * keyBytes, 2 * keyBytes + saltBytes);
    this.#key = derive(key, salt, 0, keyBytes);
    this.#salt = derive(key, salt, 2, saltBytes);
    this.#ssrc = ssrc;
    this.#payloadType = payloadType;
  }

  /** The next packet; 28 bytes longer than its payload. */
  next(payload: Buffer): Buffer {
    const index = this.#index++;
    const header = Buffer.alloc(12);
    header.writeUInt8(0x80, 0);
    header.writeUInt8(this.#payloadType, 1);
    header.writeUInt16BE(index & 0xffff, 2);
    header.writeUInt32BE((index * 960) >>> 0, 4);
    header.writeUInt32BE(this.#ssrc, 8);

    // RFC 7714, 8.1: zero, SSRC, rollover counter, sequence number; XOR the salt.
    const iv = Buffer.alloc(12);
    iv.writeUInt32BE(this.#ssrc, 2);
    iv.writeUIntBE(index, 6, 6);
    for (const [i, byte] of this.#salt.entries()) iv[i] = (iv[i] ?? 0) ^ byte;
    const cipher = createCipheriv('aes-128-gcm', this.#key, iv);
    cipher.setAAD(header);
    const encrypted = [cipher.update(payload), cipher.final()];
    return Buffer.concat([header, ...encrypted, cipher.getAuthTag()]);
  }
}

/** RFC 3711, 4.3.3, with a salt as short as RFC 7714, 11 has it. */
function derive(key: Buffer, salt: Buffer, label: number, bytes: number): Buffer {
  const iv = Buffer.alloc(16);
  salt.copy(iv);
  iv[7] = (iv[7] ?? 0) ^ label;
  return createCipheriv('aes-128-ctr', key, iv).update(Buffer.alloc(bytes));
}
