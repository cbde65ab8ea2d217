import { describe, expect, test } from 'vitest';
import { ownerOfUfrag, ufragPrefixOf } from './ice-ufrag.ts';

const random = '0123456789abcdefghijklmnopqrstuv';

describe('the prefix', () => {
  test.each([
    ['lobby', 'alice7', 'lobby/alice7'],
    ['stand-up', 'a_b', 'stand+2Dup/a+5Fb'],
    ['-', '_', '+2D/+5F'],
  ])('for room %s and peer %s is %s, and can be decoded', (roomId, peerId, prefix) => {
    expect(ufragPrefixOf({ roomId, peerId })).toBe(prefix);
    expect(ownerOfUfrag(`${prefix}/${random}`)).toEqual({ roomId, peerId });
    expect(ownerOfUfrag(`${prefix}/${random}:bR4w`)).toEqual({ roomId, peerId });
  });

  test('has only characters that RFC 8839 allows, for ids of any characters', () => {
    const odd = { roomId: 'Küche+1', peerId: '日本/50%' };
    const prefix = ufragPrefixOf(odd);
    expect(prefix).toMatch(/^[A-Za-z0-9+/]+$/);
    expect(ownerOfUfrag(`${prefix}/${random}`)).toEqual(odd);
  });

  test('leaves room for the random part, and marks an id that was cut', () => {
    const longest = { roomId: '-'.repeat(64), peerId: `${'x'.repeat(63)}-` };
    const prefix = ufragPrefixOf(longest);
    expect(prefix.length).toBeLessThanOrEqual(223);
    expect(ownerOfUfrag(`${prefix}/${random}`)).toEqual({
      ...longest,
      roomId: `${'-'.repeat(36)}…`,
    });
  });

  test.each([
    random,
    `${random}:bR4w`,
    `room/${random}`,
    'room/peer/short',
    `ro+om/peer/${random}`,
  ])('decodes no owner from %s', (ufrag) => {
    expect(ownerOfUfrag(ufrag)).toBeUndefined();
  });
});
