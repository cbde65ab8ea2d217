import { ntpMs, type RtpPacket, readCaptureTime } from './rtp-packet.ts';

/** A packet that others overtake is only taken for lost after this time, and asked for. */
const reorderedWithinMs = 10;
const askEveryMs = 100;
/** Then a packet is given up: a decoder would long have asked for a key frame. */
const giveUpAfterMs = 1000;
/** Packets that are missing at a time. Those of a longer gap are given up at once. */
const mostMissing = 1000;

/** The fate of the packets of received streams. */
export interface PacketCounts {
  /** By the sequence numbers. */
  expected: number;
  received: number;
  /** Lost at first, and received when sent again. */
  recovered: number;
  /** Never received. */
  lost: number;
  /** Overtaken by others. */
  reordered: number;
  duplicated: number;
}

export function noPackets(): PacketCounts {
  return { expected: 0, received: 0, recovered: 0, lost: 0, reordered: 0, duplicated: 0 };
}

interface Missing {
  since: number;
  askedAt: number | undefined;
}

/** Checks the packets that the server sends for one consumer. */
export class ReceivedStream {
  readonly ssrc: number;
  /** When the last packet was received, as of `performance.now()`. */
  lastAt: number | undefined;
  readonly #captureTimeId: number | undefined;
  readonly #counts: PacketCounts;
  readonly #onDelay: (ms: number) => void;
  readonly #missing = new Map<number, Missing>();
  /** Sequence numbers here count on beyond 65,535. */
  #highest: number | undefined;

  /**
   * @param captureTimeId - of the header extension abs-capture-time
   * @param counts - to which this stream adds its own
   * @param onDelay - called with the time since each packet was first sent
   */
  constructor(options: {
    ssrc: number;
    captureTimeId: number | undefined;
    counts: PacketCounts;
    onDelay(ms: number): void;
  }) {
    this.ssrc = options.ssrc;
    this.#captureTimeId = options.captureTimeId;
    this.#counts = options.counts;
    this.#onDelay = options.onDelay;
  }

  /** @param now - milliseconds of `performance.now()` */
  receive(packet: Buffer, rtp: RtpPacket, now: number, ntp: bigint): void {
    this.lastAt = now;
    const number = this.#unwrap(rtp.sequenceNumber);
    if (this.#highest === undefined || number > this.#highest) {
      this.#markMissing(number, now);
      this.#counts.expected += number - (this.#highest ?? number - 1);
      this.#highest = number;
      this.#arrived(packet, ntp);
    } else {
      this.#late(number, packet, ntp);
    }
  }

  /** A retransmission (RFC 4588), whose payload begins with the original sequence number. */
  receiveRtx(packet: Buffer, { payloadAt, payloadEnd }: RtpPacket, ntp: bigint): void {
    if (payloadEnd - payloadAt >= 2) {
      this.#late(this.#unwrap(packet.readUInt16BE(payloadAt)), packet, ntp);
    }
  }

  /** @returns the sequence numbers to ask for now */
  toAskFor(now: number): number[] {
    const numbers: number[] = [];
    for (const [number, missing] of this.#missing) {
      if (now - missing.since > giveUpAfterMs) {
        this.#missing.delete(number);
        this.#counts.lost += 1;
      } else if (
        now - (missing.askedAt ?? missing.since - askEveryMs + reorderedWithinMs) >=
        askEveryMs
      ) {
        missing.askedAt = now;
        numbers.push(number & 0xffff);
      }
    }
    return numbers;
  }

  /** Counts what is missing as lost. */
  end(): void {
    this.#counts.lost += this.#missing.size;
    this.#missing.clear();
  }

  /** The counts begin again: packets that are missing now do not count. */
  forgetMissing(): void {
    this.#missing.clear();
  }

  #late(number: number, packet: Buffer, ntp: bigint): void {
    const missing = this.#missing.get(number);
    if (!missing) {
      this.#counts.duplicated += 1;
      return;
    }
    this.#missing.delete(number);
    this.#counts[missing.askedAt === undefined ? 'reordered' : 'recovered'] += 1;
    this.#arrived(packet, ntp);
  }

  #arrived(packet: Buffer, ntp: bigint): void {
    this.#counts.received += 1;
    const sentAt =
      this.#captureTimeId === undefined ? undefined : readCaptureTime(packet, this.#captureTimeId);
    if (sentAt !== undefined) {
      this.#onDelay(ntpMs(sentAt, ntp));
    }
  }

  #markMissing(number: number, now: number): void {
    for (let n = (this.#highest ?? number - 1) + 1; n < number; n++) {
      if (this.#missing.size < mostMissing) {
        this.#missing.set(n, { since: now, askedAt: undefined });
      } else {
        this.#counts.lost += 1;
      }
    }
  }

  #unwrap(sequenceNumber: number): number {
    if (this.#highest === undefined) {
      return sequenceNumber + 0x10000;
    }
    const step = (sequenceNumber - this.#highest) & 0xffff;
    return this.#highest + (step < 0x8000 ? step : step - 0x10000);
  }
}
