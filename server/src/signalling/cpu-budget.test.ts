import { beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { limitKeyOf } from '../net/ip.ts';
import { RateLimit } from '../net/rate-limit.ts';
import { CpuBudget, CpuLimits } from './cpu-budget.ts';

let now = 0;
let exceeded: string[];
let address: RateLimit;
const peer = () => {
  const peer_cpu = new RateLimit(1000, 100, () => now);
  const limits = { peer_cpu: [peer_cpu], address_cpu: [address] };
  return new CpuBudget(limits, (limit) => exceeded.push(limit));
};

beforeEach(() => {
  exceeded = [];
  address = new RateLimit(5000, 250, () => now);
});

test('a peer beyond its budget waits, and others of its address do not', () => {
  const [one, other] = [peer(), peer()];
  one.spend(1000);
  expect(one.waitMs).toBe(0);
  one.spend(50);
  one.spend(50);
  expect(one.waitMs).toBe(1000);
  expect(other.waitMs).toBe(0);
  expect(exceeded, 'reported once').toEqual(['peer_cpu']);
  now += 1000;
  expect(one.waitMs).toBe(0);
});

test('all peers of an address beyond its budget wait', () => {
  const peers = Array.from({ length: 6 }, peer);
  for (const one of peers) {
    one.spend(875);
  }
  expect(peers.map(({ waitMs }) => waitMs)).toEqual(Array(6).fill(1000));
  expect(exceeded).toEqual(['address_cpu']);
});

test.each([
  // Of one /64, a /56 and a /48, in seconds of CPU that may be used at once.
  { percent: 10, seconds: [2, 4, 8] },
  { percent: 50, seconds: [10, 15, 15] },
  { percent: 90, seconds: [18, 18, 18] },
])(
  '$percent % of an address are two shares for an IPv6 /56 and four for a /48, up to 75 %',
  ({ percent, seconds }) => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const used = ['2001:db8::%', '2001:db8:0:%::1', '2001:db8:0:%00::1'].map((pattern) => {
      const limits = new CpuLimits({ peer_cpu: 100, address_cpu: percent });
      let used = 0;
      for (let n = 1; n < 100; n++) {
        const address = limitKeyOf(pattern.replace('%', String(n)));
        const budget = new CpuBudget(limits.of(address, ['room', 'peer']), (limit) =>
          exceeded.push(limit),
        );
        if (budget.waitMs === 0) {
          budget.spend(999.9);
          used++;
        }
      }
      return used;
    });
    // The last second is begun although nothing is left of it.
    expect(used).toEqual(seconds.map((n) => n + 1));
    expect(exceeded).toEqual(Array(3).fill('address_cpu'));
  },
);

test('measures the CPU time that a function takes, also one that throws', () => {
  const one = peer();
  const busy = () => {
    const { user } = process.threadCpuUsage();
    while (process.threadCpuUsage().user - user < 20_000) {
      // Twenty milliseconds.
    }
    throw new Error('busy');
  };
  one.spend(1000);
  expect(() => one.measure(busy)).toThrow('busy');
  expect(one.waitMs).toBeGreaterThanOrEqual(200);
});

test('available() resolves when the budget has recovered, or the signal is aborted', async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const limits = new CpuLimits({ peer_cpu: 10, address_cpu: 100 });
  const one = new CpuBudget(limits.of('address', ['room', 'peer']), () => {});
  const socketClosed = new AbortController();
  await one.available(socketClosed.signal);
  one.spend(1_000_000);
  const waiting = one.available(socketClosed.signal);
  socketClosed.abort();
  await waiting;
  expect(one.waitMs).toBeGreaterThan(9_000_000);
});
