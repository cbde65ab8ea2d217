import { beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { RateLimit } from '../net/rate-limit.ts';
import { CpuBudget, cpuLimit } from './cpu-budget.ts';

let now = 0;
let exceeded: string[];
let address: RateLimit;
const peer = () => {
  const peer_cpu = new RateLimit(1000, 100, () => now);
  return new CpuBudget({ peer_cpu, address_cpu: address }, (limit) => exceeded.push(limit));
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
  const limits = { peer_cpu: 10, address_cpu: 100 };
  const peer_cpu = cpuLimit(limits, 'peer_cpu');
  const one = new CpuBudget({ peer_cpu, address_cpu: cpuLimit(limits, 'address_cpu') }, () => {});
  const socketClosed = new AbortController();
  await one.available(socketClosed.signal);
  one.spend(1_000_000);
  const waiting = one.available(socketClosed.signal);
  socketClosed.abort();
  await waiting;
  expect(one.waitMs).toBeGreaterThan(9_000_000);
});
