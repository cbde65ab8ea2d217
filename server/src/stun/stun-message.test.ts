import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { bindingRequest, emptyMessage, localUfragOf, stunTypes } from './stun-message.ts';

const usernameFragment = 'abcdefghijklmnopqrstuvwxyz012345';
const request = bindingRequest({ usernameFragment, password: 'secret' });

const username = 0x0006;
const messageIntegrity = 0x0008;

/** A Binding Request with these attributes, whose stated length may differ from the actual one. */
function requestWith(...attributes: { type: number; value: string; length?: number }[]): Buffer {
  const message = Buffer.concat([
    emptyMessage(stunTypes.request),
    ...attributes.flatMap(({ type, value, length = value.length }) => {
      const head = Buffer.alloc(4);
      head.writeUInt16BE(type, 0);
      head.writeUInt16BE(length, 2);
      return [head, Buffer.from(value.padEnd(Math.ceil(value.length / 4) * 4, '\0'), 'latin1')];
    }),
  ]);
  message.writeUInt16BE(message.length - 20, 2);
  return message;
}

test('reads the part of USERNAME before the colon', () => {
  expect(localUfragOf(request)).toBe(usernameFragment);
  expect(localUfragOf(requestWith({ type: username, value: 'ours:theirs' }))).toBe('ours');
  expect(localUfragOf(requestWith({ type: username, value: 'ours:theirs:x' }))).toBe('ours');
});

test('reads USERNAME behind other attributes, known or unknown', () => {
  const message = requestWith(
    { type: 0xc0de, value: 'a' },
    { type: 0x7777, value: '' },
    { type: username, value: 'ours:theirs' },
  );
  expect(localUfragOf(message)).toBe('ours');
});

test('reads only the first USERNAME', () => {
  const message = requestWith(
    { type: username, value: 'first:x' },
    { type: username, value: 'second:x' },
  );
  expect(localUfragOf(message)).toBe('first');
});

test('ignores USERNAME behind MESSAGE-INTEGRITY, which does not cover it', () => {
  const message = requestWith(
    { type: messageIntegrity, value: 'x'.repeat(20) },
    { type: username, value: 'ours:theirs' },
  );
  expect(localUfragOf(message)).toBeUndefined();
});

test.each([
  ['no colon', 'ours'],
  ['nothing before the colon', ':theirs'],
  ['fewer characters than a ufrag has', 'abc:theirs'],
  ['more characters than a ufrag has', `${'a'.repeat(257)}:theirs`],
  ['a character that no ufrag may have', 'ou rs:theirs'],
  ['a NUL', 'our\0s:theirs'],
  ['a line end', 'ours\n:theirs'],
  ['nothing', ''],
])('reads no ufrag when USERNAME has %s', (_, value) => {
  expect(localUfragOf(requestWith({ type: username, value }))).toBeUndefined();
});

test('reads a ufrag of the maximum length of RFC 8445', () => {
  const ours = 'a'.repeat(256);
  expect(localUfragOf(requestWith({ type: username, value: `${ours}:theirs` }))).toBe(ours);
});

test('reads no ufrag when any attribute exceeds the message', () => {
  const fine = { type: username, value: 'ours:theirs' };
  const long = { type: 0xc0de, value: 'abcd', length: 5 };
  expect(localUfragOf(requestWith(fine, long))).toBeUndefined();
  expect(localUfragOf(requestWith(long, fine))).toBeUndefined();
  expect(localUfragOf(requestWith({ ...fine, length: 0xffff }))).toBeUndefined();
});

describe('other messages', () => {
  test.each([stunTypes.indication, stunTypes.successResponse, stunTypes.errorResponse, 0x0003])(
    'reads no ufrag from message type %i',
    (type) => {
      const message = Buffer.from(request);
      message.writeUInt16BE(type, 0);
      expect(localUfragOf(message)).toBeUndefined();
    },
  );

  test('reads no ufrag from a truncated request or one with extra bytes', () => {
    for (let length = 0; length < request.length; length++) {
      expect(localUfragOf(request.subarray(0, length))).toBeUndefined();
    }
    for (let more = 1; more <= 32; more++) {
      expect(localUfragOf(Buffer.concat([request, Buffer.alloc(more)]))).toBeUndefined();
    }
  });

  test('reads a valid ufrag or none when one byte is wrong', () => {
    for (let at = 0; at < request.length; at++) {
      for (const byte of [0, 1, 0x7f, 0x80, 0xff]) {
        const message = Buffer.from(request);
        message[at] = byte;
        const ufrag = localUfragOf(message);
        if (ufrag === undefined) {
          continue;
        }
        expect(message.includes(ufrag)).toBe(true);
        expect(ufrag).toMatch(/^[A-Za-z0-9+/]{4,256}$/);
      }
    }
  });

  test('reads no ufrag from random bytes of each length up to 1,500, with and without a valid header', () => {
    for (let length = 0; length <= 1_500; length++) {
      const message = randomBytes(length);
      expect(localUfragOf(message)).toBeUndefined();
      if (length < 20) {
        continue;
      }
      emptyMessage(stunTypes.request).copy(message);
      message.writeUInt16BE(length - 20, 2);
      // A USERNAME of only allowed characters does not occur by chance.
      expect(localUfragOf(message)).toBeUndefined();
    }
  });
});
