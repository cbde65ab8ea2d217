import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { bindingRequestWith } from '../../../../../testkit/clients/stun.ts';
import { framed } from '../../../stun/stun-check.ts';
import { bindingRequest, emptyMessage, stunTypes } from '../../../stun/stun-message.ts';
import { classify, maxFirstFrame } from './first-bytes.ts';

const ufrag = 'abcdefghijklmnopqrstuvwxyz012345';
const request = bindingRequest({ usernameFragment: ufrag, password: 'secret' });
const frame = framed(request);

test('classifies a frame with a Binding Request as ICE when it is complete, whatever follows', () => {
  for (let length = 0; length < frame.length; length++) {
    expect(classify(frame.subarray(0, length))).toBeUndefined();
  }
  expect(classify(frame)).toEqual({ kind: 'ice', ufrag });
  expect(classify(Buffer.concat([frame, randomBytes(100)]))).toEqual({ kind: 'ice', ufrag });
});

test('classifies TLS and HTTP by one byte', () => {
  expect(classify(Buffer.from([0x16]))).toEqual({ kind: 'tls' });
  for (const method of ['GET', 'PUT', 'PROPFIND', 'A', 'Z']) {
    expect(classify(Buffer.from(method))).toEqual({ kind: 'http' });
  }
});

test('rejects the PROXY protocol, whose version 1 begins with letters and version 2 with a line end', () => {
  expect(classify(Buffer.from('PROXY'))).toBeUndefined();
  expect(classify(Buffer.from('PROXY TCP4 192.0.2.1 '))).toEqual({ kind: 'unknown' });
  expect(classify(Buffer.from('\r\n\r\n\0\r\nQUIT\n'))).toEqual({ kind: 'unknown' });
});

test('rejects every other first byte that no frame of allowed length has', () => {
  for (let byte = 0; byte <= 0xff; byte++) {
    const kind = classify(Buffer.from([byte]))?.kind;
    const letter = byte >= 'A'.charCodeAt(0) && byte <= 'Z'.charCodeAt(0);
    if (byte === 0x16) {
      expect(kind).toBe('tls');
    } else if (byte === 'P'.charCodeAt(0)) {
      expect(kind).toBe(undefined);
    } else if (letter) {
      expect(kind).toBe('http');
    } else {
      expect(kind).toBe(byte > 5 ? 'unknown' : undefined);
    }
  }
});

test('rejects a frame at the first byte that no Binding Request has', () => {
  for (let at = 2; at < 10; at++) {
    const wrong = frame.subarray(0, at + 1);
    const bytes = Buffer.from(wrong);
    bytes[at] = (bytes[at] as number) ^ 0x40;
    expect(classify(bytes)).toEqual({ kind: 'unknown' });
  }
});

test('rejects frames by their length: too short, too long, not a multiple of 4', () => {
  for (const length of [0, 1, 19, 21, maxFirstFrame + 1, maxFirstFrame + 4]) {
    const bytes = Buffer.alloc(2);
    bytes.writeUInt16BE(length);
    expect(classify(bytes)).toEqual({ kind: 'unknown' });
  }
  for (const length of [20, maxFirstFrame]) {
    const bytes = Buffer.alloc(2);
    bytes.writeUInt16BE(length);
    expect(classify(bytes)).toBeUndefined();
  }
});

test('rejects a Binding Request without USERNAME, a response, an indication', () => {
  expect(classify(framed(bindingRequestWith({ password: 'secret' })))).toEqual({ kind: 'unknown' });
  for (const type of [stunTypes.successResponse, stunTypes.indication]) {
    expect(classify(framed(emptyMessage(type)))).toEqual({ kind: 'unknown' });
  }
});

test('never asks for more bytes than a first frame may have', () => {
  for (let i = 0; i < 5_000; i++) {
    const bytes = randomBytes(2 + maxFirstFrame);
    bytes[0] = i % 6;
    if (i % 2) {
      emptyMessage(stunTypes.request).copy(bytes, 2);
    }
    if (i % 4 === 1) {
      bytes.writeUInt16BE((bytes.readUInt16BE(0) - 20) & 0xffff, 4);
    }
    expect(classify(bytes)).toBeDefined();
  }
});
