import { expect, test } from 'vitest';
import { limitKeyOf } from './ip.ts';
import { Quota } from './quota.ts';

test('allows no more than the limits, in total, for each address and for each subject', () => {
  const quota = new Quota({ total: 5, address: 3, subject: 2 });
  const acquire = (subject: string | undefined, address: string | undefined) =>
    quota.acquire({ subject, address });
  const taken = expect.any(Function);
  expect([acquire('ada', '1'), acquire('ada', '2'), acquire('ada', '3')]).toEqual([
    taken,
    taken,
    'subject',
  ]);
  // A subject can't be mistaken for an address.
  expect([acquire('1', '1'), acquire(undefined, '1'), acquire('eve', '1')]).toEqual([
    taken,
    taken,
    'address',
  ]);
  expect(acquire(undefined, undefined)).toEqual(taken);
  expect([acquire(undefined, undefined), quota.exceeded({}), acquire('bob', '4')]).toEqual([
    'total',
    'total',
    'total',
  ]);
  expect(quota.count).toBe(5);
});

test('gives back once, however often it is asked to', () => {
  const quota = new Quota({ total: 2, address: 1, subject: 1 });
  const giveBack = quota.take({ subject: 'ada', address: 'a' });
  quota.take({ address: 'b' });
  giveBack();
  giveBack();
  expect(quota.acquire({ subject: 'ada', address: 'a' })).toBeTypeOf('function');
  expect(quota.acquire({ address: 'c' })).toBe('total');
});

test('allows an IPv6 /56 two shares, a /48 four, and neither more than half of the total', () => {
  const acquire = (quota: Quota, ...addresses: string[]) =>
    addresses.map((address) => quota.acquire({ address: limitKeyOf(address) })).map(String);
  const allowed = (outcomes: string[]) =>
    outcomes.filter((outcome) => outcome !== 'address').length;
  const quota = new Quota({ total: 100, address: 2 });
  const of56 = Array.from({ length: 8 }, (_, n) => `2001:db8:0:${n}::1`);
  expect(allowed(acquire(quota, ...of56))).toBe(4);
  const of48 = Array.from({ length: 8 }, (_, n) => `2001:db8:0:${n + 1}00::1`);
  expect(allowed(acquire(quota, ...of48))).toBe(4);
  expect(allowed(acquire(quota, '2001:db8:1::1', '192.0.2.1'))).toBe(2);
  expect(allowed(acquire(new Quota({ total: 6, address: 2 }), ...of48))).toBe(3);
});

test('gives back in all networks', () => {
  const quota = new Quota({ total: 100, address: 1 });
  for (let n = 0; n < 20; n++) {
    const giveBack = quota.acquire({ address: limitKeyOf(`2001:db8:0:${n}00::1`) });
    expect(giveBack).toBeTypeOf('function');
    (giveBack as () => void)();
  }
});
