/** RTCP that a receiver sends about one stream. */

/**
 * A Generic NACK (RFC 4585, 6.2.1).
 *
 * @param sequences - of the packets that it requests, 0 to 65535 each
 */
export function nack(ssrc: number, sequences: readonly number[]): Buffer {
  const items: { first: number; mask: number }[] = [];
  for (const sequence of sequences) {
    const last = items.at(-1);
    const distance = last ? (sequence - last.first) & 0xffff : 0;
    if (last && distance >= 1 && distance <= 16) {
      last.mask |= 1 << (distance - 1);
    } else {
      items.push({ first: sequence, mask: 0 });
    }
  }
  const packet = Buffer.alloc(12 + 4 * items.length);
  packet.writeUInt32BE(0x81cd0000 + packet.length / 4 - 1, 0);
  packet.writeUInt32BE(1, 4);
  packet.writeUInt32BE(ssrc, 8);
  for (const [n, { first, mask }] of items.entries()) {
    packet.writeUInt16BE(first, 12 + 4 * n);
    packet.writeUInt16BE(mask, 14 + 4 * n);
  }
  return packet;
}

/**
 * A Receiver Report without loss (RFC 3550, 6.4.2). It needs no Sender Report, because its receiver computes the
 * round-trip time from its own clock and two fields of the report, which can claim anything.
 *
 * @param roundTripMs - the time that it claims; transit and a difference of the clocks of both processes add to it
 */
export function receiverReport(ssrc: number, roundTripMs: number): Buffer {
  const packet = Buffer.alloc(32);
  packet.writeUInt32BE(0x81c90007, 0);
  packet.writeUInt32BE(1, 4);
  packet.writeUInt32BE(ssrc, 8);
  // The middle of an NTP timestamp counts 1/65536 s since 1900.
  const now = (performance.timeOrigin + performance.now() - roundTripMs) / 1000 + 2_208_988_800;
  packet.writeUInt32BE(Math.floor(now * 65_536) % 2 ** 32, 24);
  packet.writeUInt32BE(1, 28);
  return packet;
}
