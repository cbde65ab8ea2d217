import { PictureIds } from './picture-ids.ts';
import type { RecordedCodec, RecordedStream } from './recording.ts';
import { writeSenderReport } from './rtcp.ts';
import { type NtpClock, parseRtp, writeRtp, writeRtx } from './rtp-packet.ts';

/** Packets that can be sent again: more than a second of the largest layer. */
const kept = 512;
/** After a longer delay of this process, the stream goes on from where it was instead of catching up. */
const mostLateMs = 200;
const reportEveryMs = 1000;

export interface SentStreamOptions {
  codec: RecordedCodec;
  recording: RecordedStream;
  clockRate: number;
  ssrc: number;
  payloadType: number;
  /** Undefined: packets are sent again as they were. */
  rtx?: { ssrc: number; payloadType: number };
  captureTimeId: number;
  clock: NtpClock;
  send(packet: Buffer): boolean;
}

/** Replays one stream of a recording again and again, with the recording's sizes and pacing. */
export class SentStream {
  sent = 0;
  /** Packets that the server asked for again. */
  sentAgain = 0;
  /** Called with each packet's delay behind its time in the recording, in ms. */
  onLate: (ms: number) => void = () => {};
  readonly ssrc: number;
  readonly #options: SentStreamOptions;
  readonly #pictureIds: PictureIds;
  readonly #kept = new Map<number, Buffer>();
  readonly #loopMs: number;
  readonly #startTimestamp = Math.floor(Math.random() * 2 ** 32);
  #sequenceNumber = Math.floor(Math.random() * 2 ** 15);
  #rtxSequenceNumber = 0;
  #startedAt: number | undefined;
  #loopAt = 0;
  #next = 0;
  #bytes = 0;
  #reportAt = 0;
  #keyFrameWanted = false;

  /** @throws Error when the recording is empty */
  constructor(options: SentStreamOptions) {
    const last = options.recording.at(-1);
    if (!last) {
      throw new Error(`the recording of ${options.codec} is empty`);
    }
    this.#options = options;
    this.ssrc = options.ssrc;
    this.#pictureIds = new PictureIds(options.codec);
    const frames = new Set(options.recording.map(({ timestamp }) => timestamp)).size;
    this.#loopMs = last.at + last.at / Math.max(1, frames - 1);
  }

  /** Sends what is due. @param now - milliseconds of `performance.now()` */
  tick(now: number): void {
    if (this.#startedAt === undefined) {
      this.#startedAt = now;
      this.#restart(now);
    }
    const { recording } = this.#options;
    for (;;) {
      const packet = recording[this.#next];
      if (!packet) {
        this.#restart(this.#loopAt + this.#loopMs);
        continue;
      }
      const late = now - (this.#loopAt + packet.at);
      if (late < 0) {
        break;
      }
      if (late > mostLateMs) {
        this.#loopAt += late;
      }
      this.onLate(late);
      this.#send(packet.marker, this.#timestampAt(this.#loopAt) + packet.timestamp, packet.payload);
      this.#next += 1;
      const endsFrame = packet.timestamp !== recording[this.#next]?.timestamp;
      if (this.#keyFrameWanted && endsFrame) {
        this.#restart(now);
      }
    }
    if (now >= this.#reportAt) {
      this.#reportAt = now + reportEveryMs;
      this.#options.send(
        writeSenderReport({
          ssrc: this.ssrc,
          ntp: this.#options.clock.now(),
          timestamp: this.#timestampAt(now) >>> 0,
          packets: this.sent,
          bytes: this.#bytes,
        }),
      );
    }
  }

  /** Goes on with a key frame after the present frame. */
  sendKeyFrame(): void {
    this.#keyFrameWanted = true;
  }

  sendAgain(sequenceNumber: number): void {
    const packet = this.#kept.get(sequenceNumber);
    const rtp = packet && parseRtp(packet);
    if (!packet || !rtp) {
      return;
    }
    this.sentAgain += 1;
    const { rtx, send } = this.#options;
    if (rtx) {
      this.#rtxSequenceNumber = (this.#rtxSequenceNumber + 1) & 0xffff;
      send(writeRtx(packet, rtp, { ...rtx, sequenceNumber: this.#rtxSequenceNumber }));
    } else {
      send(packet);
    }
  }

  #restart(at: number): void {
    this.#loopAt = at;
    this.#next = 0;
    this.#keyFrameWanted = false;
    this.#pictureIds.restart();
  }

  #timestampAt(ms: number): number {
    const elapsed = ms - (this.#startedAt ?? ms);
    return this.#startTimestamp + Math.round((elapsed * this.#options.clockRate) / 1000);
  }

  #send(marker: boolean, timestamp: number, payload: Buffer): void {
    const { payloadType, captureTimeId, clock, send } = this.#options;
    const sequenceNumber = this.#sequenceNumber;
    this.#sequenceNumber = (sequenceNumber + 1) & 0xffff;
    const packet = writeRtp(
      { marker, payloadType, sequenceNumber, timestamp: timestamp % 2 ** 32, ssrc: this.ssrc },
      captureTimeId,
      clock.now(),
      this.#pictureIds.rewrite(payload),
    );
    this.#kept.delete((sequenceNumber - kept) & 0xffff);
    this.#kept.set(sequenceNumber, packet);
    this.#bytes += payload.length;
    this.sent += 1;
    send(packet);
  }
}
