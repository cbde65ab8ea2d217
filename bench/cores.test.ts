import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import { busiest, chooseCores, pin, readCoreTimes } from './cores.ts';

test('workers get cores of their own, the generator the others', () => {
  expect(chooseCores(1, 2)).toEqual({ generator: [0], workers: [1] });
  expect(chooseCores(2, 4)).toEqual({ generator: [0, 1], workers: [2, 3] });
  expect(() => chooseCores(2, 2)).toThrow('need 3 cores; this machine has 2');
});

test('the busiest core is found, without its idle time and its waiting for disks', () => {
  const stat = (...cores: string[]) =>
    readCoreTimes(
      ['cpu  1 2 3', ...cores.map((ticks, i) => `cpu${i} ${ticks}`), 'intr 5'].join('\n'),
    );
  // user nice system idle iowait irq softirq steal guest guest_nice
  const before = stat('100 0 50 1000 10 0 5 0 7 0', '0 0 0 0 0 0 0 0 0 0');
  const after = stat('110 0 60 1070 20 0 5 0 7 0', '40 5 30 20 0 1 2 2 9 9');
  expect(busiest([0], before, after)).toBeCloseTo(0.2);
  expect(busiest([0, 1], before, after)).toBeCloseTo(0.8);
  expect(busiest([0], before, before)).toBe(0);
});

test('a running process is moved to a core', async () => {
  const child = spawn('sleep', ['60']);
  onTestFinished(() => void child.kill());
  await once(child, 'spawn');
  pin(child.pid ?? 0, [0]);
  expect(String(execFileSync('taskset', ['-c', '-p', String(child.pid)]))).toMatch(/: 0$/m);
});
