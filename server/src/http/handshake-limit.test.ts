import { expect, test } from 'vitest';
import { HandshakeLimit } from './handshake-limit.ts';

test('each address has its own number, an IPv6 /64 one together', () => {
  const limit = new HandshakeLimit(1);
  const take = (address: string, times: number) =>
    Array.from({ length: times }, () => limit.take(address)).filter(Boolean).length;
  expect(take('192.0.2.1', 25)).toBe(20);
  expect(take('192.0.2.2', 25)).toBe(20);
  expect(take('::ffff:192.0.2.1', 1), 'the first again, by a socket of both families').toBe(0);
  expect(take('2001:db8::1', 15) + take('2001:db8::2', 15)).toBe(20);
  expect(take('2001:db8:0:1::1', 1)).toBe(1);
  expect(take('what a proxy calls an address', 25)).toBe(20);
});

test('remembers no more than 10,000, and forgets whoever has not come for longest', () => {
  const limit = new HandshakeLimit(1);
  for (let n = 0; n < 25; n++) {
    limit.take('192.0.2.1');
  }
  for (let n = 0; n < 25_000; n++) {
    limit.take(`10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`);
    if (n % 5000 === 0) {
      expect(limit.take('192.0.2.1'), 'it keeps coming').toBe(false);
    }
  }
  expect(limit.size).toBe(10_000);
  expect(limit.take('10.0.0.0'), 'forgotten, hence new').toBe(true);
});
