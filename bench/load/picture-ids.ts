import type { RecordedCodec } from './recording.ts';

/** The offsets of a payload's ids. Undefined: it has none. */
interface Places {
  /** Two bytes with 15 bits (M=1), or one byte with 7 bits. */
  pictureId?: { at: number; bytes: 1 | 2 };
  tl0PicIdx?: number;
}

/**
 * Continues picture ids where a recorded stream starts again, because decoders and mediasoup expect them to grow:
 * PictureID and TL0PICIDX of VP8 (RFC 7741). H.264 and Opus have none.
 */
export class PictureIds {
  readonly #places: (payload: Buffer) => Places;
  #pictureId = { shift: 0, next: 0 };
  #tl0PicIdx = { shift: 0, next: 0 };
  #first = true;

  constructor(codec: RecordedCodec) {
    this.#places = codec === 'vp8' ? vp8Places : () => ({});
  }

  /** The next payload is the recording's first. */
  restart(): void {
    this.#first = true;
  }

  /** @returns a copy with ids that continue; the same payload when it has none */
  rewrite(payload: Buffer): Buffer {
    const { pictureId, tl0PicIdx } = this.#places(payload);
    if (!pictureId && tl0PicIdx === undefined) {
      return payload;
    }
    const copy = Buffer.from(payload);
    if (pictureId) {
      const { at, bytes } = pictureId;
      const mask = bytes === 2 ? 0x7fff : 0x7f;
      const recorded = (bytes === 2 ? payload.readUInt16BE(at) : payload.readUInt8(at)) & mask;
      const id = this.#continue(this.#pictureId, recorded, mask);
      if (bytes === 2) {
        copy.writeUInt16BE(0x8000 | id, at);
      } else {
        copy.writeUInt8(id, at);
      }
    }
    if (tl0PicIdx !== undefined) {
      const recorded = payload.readUInt8(tl0PicIdx);
      copy.writeUInt8(this.#continue(this.#tl0PicIdx, recorded, 0xff), tl0PicIdx);
    }
    this.#first = false;
    return copy;
  }

  #continue(counter: { shift: number; next: number }, recorded: number, mask: number): number {
    if (this.#first) {
      counter.shift = counter.next - recorded;
    }
    const id = (recorded + counter.shift) & mask;
    counter.next = (id + 1) & mask;
    return id;
  }
}

/** RFC 7741, section 4.2. */
function vp8Places(payload: Buffer): Places {
  const [first = 0, second = 0, third = 0] = payload;
  if (!(first & 0x80)) {
    return {};
  }
  const bytes = third & 0x80 ? 2 : 1;
  const after = second & 0x80 ? 2 + bytes : 2;
  return {
    ...(second & 0x80 && { pictureId: { at: 2, bytes } }),
    ...(second & 0x40 && { tl0PicIdx: after }),
  };
}
