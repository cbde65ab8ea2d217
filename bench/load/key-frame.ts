import type { VideoCodec } from './recording.ts';

/** Whether an RTP payload is the first of a key frame. */
export function startsKeyFrame(codec: VideoCodec, payload: Buffer): boolean {
  return { vp8: vp8KeyFrame, h264: h264KeyFrame }[codec](payload);
}

/** RFC 7741, sections 4.2 and 4.3. */
function vp8KeyFrame(payload: Buffer): boolean {
  const [first = 0, second = 0] = payload;
  let at = 1;
  if (first & 0x80) {
    at += 1;
    at += second & 0x80 ? ((payload[at] ?? 0) & 0x80 ? 2 : 1) : 0;
    at += second & 0x40 ? 1 : 0;
    at += second & 0x30 ? 1 : 0;
  }
  const startsFrame = (first & 0x17) === 0x10;
  return startsFrame && ((payload[at] ?? 1) & 1) === 0;
}

/** RFC 6184, sections 5.6 to 5.8: a sequence parameter set or an IDR slice, alone, aggregated or fragmented. */
function h264KeyFrame([first = 0, second = 0, , third = 0]: Buffer): boolean {
  const type = first & 0x1f;
  const isKey = (unit: number) => unit === 5 || unit === 7;
  if (type === 24) {
    return isKey(third & 0x1f);
  }
  return type === 28 ? (second & 0x80) !== 0 && isKey(second & 0x1f) : isKey(type);
}
