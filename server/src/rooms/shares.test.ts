import { expect, test } from 'vitest';
import { limitKeyOf } from '../net/ip.ts';
import { Shares } from './shares.ts';

test('gives each subject and each address its share, and takes back what is returned', () => {
  const shares = new Shares({ subject: 2, address: 3 });
  const take = (subject: string | undefined, address: string) =>
    shares.exceeded({ subject, address }) ?? shares.take({ subject, address });
  const first = take('ada', '1');
  expect(take('ada', '2')).toBeTypeOf('function');
  expect(take('ada', '3')).toBe('subject');
  expect([take('bob', '1'), take(undefined, '1'), take('eve', '1')]).toEqual([
    expect.any(Function),
    expect.any(Function),
    'address',
  ]);
  // A subject can't be mistaken for an address.
  expect(take('1', '4')).toBeTypeOf('function');
  expect(first).toBeTypeOf('function');
  (first as () => void)();
  expect(take('ada', '1')).toBeTypeOf('function');
});

test('gives an IPv6 /56 two shares, and a /48 four', () => {
  const shares = new Shares({ subject: 1, address: 3 });
  const take = (address: string) => {
    const holder = { subject: undefined, address: limitKeyOf(address) };
    return shares.exceeded(holder) ? 0 : Number(Boolean(shares.take(holder)));
  };
  const taken = (of: (n: number) => string) =>
    Array.from({ length: 40 }, (_, n) => take(of(n))).filter(Boolean).length;
  expect(taken((n) => `2001:db8:0:${n}::1`)).toBe(6);
  expect(taken((n) => `2001:db8:0:${n + 1}00::1`)).toBe(6);
  expect(taken((n) => `192.0.2.${n}`)).toBe(40);
});
