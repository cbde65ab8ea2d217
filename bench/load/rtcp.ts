/** RTCP (RFC 3550, section 6, and RFC 4585), as far as the load generator needs it. */

const types = { senderReport: 200, receiverReport: 201, rtpFeedback: 205, payloadFeedback: 206 };
const formats = { nack: 1, pli: 1, fir: 4 };

/** The requests of a receiver to the sender of streams. */
export interface Feedback {
  /** The sequence numbers of packets to send again. */
  nacks: { ssrc: number; sequenceNumbers: number[] }[];
  /** The SSRCs that need a key frame. */
  keyFrames: number[];
}

/** @param packet - may be compound; whatever is not feedback is ignored */
export function parseFeedback(packet: Buffer): Feedback {
  const feedback: Feedback = { nacks: [], keyFrames: [] };
  for (let at = 0; at + 12 <= packet.length; ) {
    const [format, type] = [packet.readUInt8(at) & 0x1f, packet.readUInt8(at + 1)];
    const end = Math.min(packet.length, at + 4 * (packet.readUInt16BE(at + 2) + 1));
    const ssrc = packet.readUInt32BE(at + 8);
    if (type === types.rtpFeedback && format === formats.nack) {
      feedback.nacks.push({ ssrc, sequenceNumbers: parseNacks(packet.subarray(at + 12, end)) });
    } else if (type === types.payloadFeedback && format === formats.pli) {
      feedback.keyFrames.push(ssrc);
    } else if (type === types.payloadFeedback && format === formats.fir) {
      for (let entry = at + 12; entry + 8 <= end; entry += 8) {
        feedback.keyFrames.push(packet.readUInt32BE(entry));
      }
    }
    at = end;
  }
  return feedback;
}

/** Each entry has a sequence number, and a bit for each of the 16 that follow it (RFC 4585, section 6.2.1). */
function parseNacks(entries: Buffer): number[] {
  const sequenceNumbers: number[] = [];
  for (let at = 0; at + 4 <= entries.length; at += 4) {
    const [first, others] = [entries.readUInt16BE(at), entries.readUInt16BE(at + 2)];
    sequenceNumbers.push(first);
    for (let bit = 0; bit < 16; bit++) {
      if (others & (1 << bit)) {
        sequenceNumbers.push((first + bit + 1) & 0xffff);
      }
    }
  }
  return sequenceNumbers;
}

/** @param sequenceNumbers - at most 16,000 */
export function writeNack(ssrc: number, sequenceNumbers: readonly number[]): Buffer {
  const packet = Buffer.alloc(12 + 4 * sequenceNumbers.length);
  writeHeader(packet, types.rtpFeedback, formats.nack);
  packet.writeUInt32BE(ssrc, 8);
  for (const [i, sequenceNumber] of sequenceNumbers.entries()) {
    packet.writeUInt16BE(sequenceNumber, 12 + 4 * i);
  }
  return packet;
}

/**
 * A sender report without reception reports, by which a worker relates the clocks of simulcast layers.
 *
 * @param ntp - NTP time in units of 2^-32 s
 * @param timestamp - the same moment in RTP time
 */
export function writeSenderReport(report: {
  ssrc: number;
  ntp: bigint;
  timestamp: number;
  packets: number;
  bytes: number;
}): Buffer {
  const packet = Buffer.alloc(28);
  writeHeader(packet, types.senderReport, 0);
  packet.writeUInt32BE(report.ssrc, 4);
  packet.writeBigUInt64BE(report.ntp, 8);
  packet.writeUInt32BE(report.timestamp, 16);
  packet.writeUInt32BE(report.packets >>> 0, 20);
  packet.writeUInt32BE(report.bytes >>> 0, 24);
  return packet;
}

function writeHeader(packet: Buffer, type: number, format: number): void {
  packet.writeUInt8(0x80 | format, 0);
  packet.writeUInt8(type, 1);
  packet.writeUInt16BE(packet.length / 4 - 1, 2);
}
