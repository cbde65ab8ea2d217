/** The parts of an RTP packet (RFC 3550, section 5.1). */
export interface RtpPacket {
  marker: boolean;
  payloadType: number;
  sequenceNumber: number;
  timestamp: number;
  ssrc: number;
  /** Where the payload begins and ends, in bytes. */
  payloadAt: number;
  payloadEnd: number;
}

const oneByteExtensions = 0xbede;
/** 1970 in seconds since 1900, which is when NTP begins (RFC 5905, section 6). */
const ntpOf1970 = 2_208_988_800n;

/** Whether a packet of a transport that carries both is RTCP (RFC 5761, section 4). */
export function isRtcp(packet: Buffer): boolean {
  const type = packet[1] ?? 0;
  return type >= 192 && type <= 223;
}

/** @returns undefined for a packet that is too short for what its header says */
export function parseRtp(packet: Buffer): RtpPacket | undefined {
  if (packet.length < 12) {
    return undefined;
  }
  const first = packet.readUInt8(0);
  let payloadAt = 12 + 4 * (first & 0x0f);
  if (first & 0x10) {
    if (packet.length < payloadAt + 4) {
      return undefined;
    }
    payloadAt += 4 + 4 * packet.readUInt16BE(payloadAt + 2);
  }
  const padding = first & 0x20 ? packet.readUInt8(packet.length - 1) : 0;
  const payloadEnd = packet.length - padding;
  if (payloadEnd < payloadAt) {
    return undefined;
  }
  const second = packet.readUInt8(1);
  return {
    marker: (second & 0x80) !== 0,
    payloadType: second & 0x7f,
    sequenceNumber: packet.readUInt16BE(2),
    timestamp: packet.readUInt32BE(4),
    ssrc: packet.readUInt32BE(8),
    payloadAt,
    payloadEnd,
  };
}

/**
 * Reads the capture time of the header extension abs-capture-time, which a sender of this load generator sets to the
 * time of sending.
 *
 * @param id - of the extension, 1 to 14 (RFC 8285, one-byte header)
 * @returns NTP time in units of 2^-32 s; undefined when the packet has none
 */
export function readCaptureTime(packet: Buffer, id: number): bigint | undefined {
  const at = 12 + 4 * (packet.readUInt8(0) & 0x0f);
  if (!(packet.readUInt8(0) & 0x10) || packet.readUInt16BE(at) !== oneByteExtensions) {
    return undefined;
  }
  const end = Math.min(packet.length, at + 4 + 4 * packet.readUInt16BE(at + 2));
  for (let i = at + 4; i < end; ) {
    const head = packet.readUInt8(i);
    if (head === 0) {
      i += 1;
      continue;
    }
    const length = (head & 0x0f) + 1;
    if (head >> 4 === id) {
      return i + 9 <= end && length >= 8 ? packet.readBigUInt64BE(i + 1) : undefined;
    }
    i += 1 + length;
  }
  return undefined;
}

/** Bytes of an RTP header with the extension abs-capture-time. */
const headerBytes = 12 + 4 + 12;

/**
 * Writes an RTP packet whose header has the extension abs-capture-time in its short form.
 *
 * @param captureTime - NTP time in units of 2^-32 s
 * @param captureTimeId - the extension's id, 1 to 14
 */
export function writeRtp(
  header: Omit<RtpPacket, 'payloadAt' | 'payloadEnd'>,
  captureTimeId: number,
  captureTime: bigint,
  payload: Buffer,
): Buffer {
  const packet = Buffer.alloc(headerBytes + payload.length);
  packet.writeUInt8(0x90, 0);
  packet.writeUInt8((header.marker ? 0x80 : 0) | header.payloadType, 1);
  packet.writeUInt16BE(header.sequenceNumber, 2);
  packet.writeUInt32BE(header.timestamp, 4);
  packet.writeUInt32BE(header.ssrc, 8);
  packet.writeUInt16BE(oneByteExtensions, 12);
  packet.writeUInt16BE(3, 14);
  packet.writeUInt8((captureTimeId << 4) | 7, 16);
  packet.writeBigUInt64BE(captureTime, 17);
  payload.copy(packet, headerBytes);
  return packet;
}

/**
 * The retransmission of a packet (RFC 4588, section 4): other SSRC, payload type and sequence number, and the original
 * sequence number before the payload.
 */
export function writeRtx(
  packet: Buffer,
  { payloadAt, sequenceNumber }: RtpPacket,
  rtx: { ssrc: number; payloadType: number; sequenceNumber: number },
): Buffer {
  const header = Buffer.from(packet.subarray(0, payloadAt + 2));
  header.writeUInt8((header.readUInt8(1) & 0x80) | rtx.payloadType, 1);
  header.writeUInt16BE(rtx.sequenceNumber, 2);
  header.writeUInt32BE(rtx.ssrc, 8);
  header.writeUInt16BE(sequenceNumber, payloadAt);
  return Buffer.concat([header, packet.subarray(payloadAt)]);
}

/** Nanoseconds since the host's start, to NTP time: set once for all processes of a run. */
export class NtpClock {
  readonly #offset: bigint;

  /** @param offsetNs - nanoseconds from the host's start to 1970, below zero: `NtpClock.offsetNow()` */
  constructor(offsetNs: bigint) {
    this.#offset = ntpOf1970 * 1_000_000_000n + offsetNs;
  }

  static offsetNow(): bigint {
    return BigInt(Date.now()) * 1_000_000n - process.hrtime.bigint();
  }

  /** NTP time in units of 2^-32 s. */
  now(): bigint {
    return ((process.hrtime.bigint() + this.#offset) << 32n) / 1_000_000_000n;
  }
}

/** Milliseconds between two NTP times. */
export function ntpMs(from: bigint, to: bigint): number {
  return Number(((to - from) * 1_000_000n) >> 32n) / 1000;
}
