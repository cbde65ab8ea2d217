import { readFileSync } from 'node:fs';
import { parseRtp } from './rtp-packet.ts';

export const videoCodecs = ['vp8', 'h264'] as const;
export type VideoCodec = (typeof videoCodecs)[number];
export type RecordedCodec = VideoCodec | 'opus';

/** A packet of a recording. */
export interface RecordedPacket {
  /** When it was sent, in ms since its stream's first packet. */
  at: number;
  /** In units of the codec's clock, since its stream's first packet. */
  timestamp: number;
  /** It ends a frame. */
  marker: boolean;
  payload: Buffer;
}

/** The packets of one SSRC, which begin with a key frame. */
export type RecordedStream = readonly RecordedPacket[];

const folder = new URL('./recordings/', import.meta.url);
const firstLine = '#!rtpplay1.0 127.0.0.1/0\n';
/** Start of the recording, source address, port, padding. */
const fileHeaderBytes = 16;
const packetHeaderBytes = 8;

/** The file of a codec's recording, in the format of rtptools, which Wireshark reads too. */
export function recordingFile(codec: RecordedCodec): URL {
  return new URL(`${codec}.rtpdump`, folder);
}

/** @returns a stream for each simulcast layer, the smallest first */
export function readRecording(codec: RecordedCodec): RecordedStream[] {
  return parseRecording(readFileSync(recordingFile(codec)));
}

/** @throws Error when it is no rtpdump file of RTP packets */
function parseRecording(file: Buffer): RecordedStream[] {
  const start = file.indexOf('\n') + 1;
  if (!file.subarray(0, start).toString('latin1').startsWith('#!rtpplay1.0')) {
    throw new Error('not an rtpdump file');
  }
  const streams = new Map<
    number,
    { first: { at: number; timestamp: number }; packets: RecordedPacket[] }
  >();
  for (let i = start + fileHeaderBytes; i < file.length; ) {
    const [length, at] = [file.readUInt16BE(i), file.readUInt32BE(i + 4)];
    const packet = file.subarray(i + packetHeaderBytes, i + length);
    i += length;
    const rtp = parseRtp(packet);
    if (!rtp) {
      throw new Error(`not an RTP packet, at byte ${i - length}`);
    }
    const { timestamp, marker, ssrc, payloadAt, payloadEnd } = rtp;
    const stream = streams.get(ssrc) ?? { first: { at, timestamp }, packets: [] };
    streams.set(ssrc, stream);
    stream.packets.push({
      at: at - stream.first.at,
      timestamp: (timestamp - stream.first.timestamp) >>> 0,
      marker,
      payload: packet.subarray(payloadAt, payloadEnd),
    });
  }
  return [...streams.entries()].sort(([a], [b]) => a - b).map(([, { packets }]) => packets);
}

/** Writes streams with the SSRCs 1, 2, and so on, in the order in which their packets were sent. */
export function formatRecording(streams: readonly RecordedStream[]): Buffer {
  const packets = streams
    .flatMap((stream, i) => stream.map((packet, n) => ({ ...packet, ssrc: i + 1, n })))
    .sort((a, b) => a.at - b.at);
  const records = packets.map(({ at, timestamp, marker, payload, ssrc, n }) => {
    const header = Buffer.alloc(packetHeaderBytes + 12);
    header.writeUInt16BE(header.length + payload.length, 0);
    header.writeUInt16BE(12 + payload.length, 2);
    header.writeUInt32BE(at, 4);
    header.writeUInt8(0x80, 8);
    header.writeUInt8((marker ? 0x80 : 0) | 96, 9);
    header.writeUInt16BE(n, 10);
    header.writeUInt32BE(timestamp, 12);
    header.writeUInt32BE(ssrc, 16);
    return Buffer.concat([header, payload]);
  });
  return Buffer.concat([Buffer.from(firstLine), Buffer.alloc(fileHeaderBytes), ...records]);
}
