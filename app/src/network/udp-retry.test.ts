import { expect, test } from 'vitest';
import { UdpRetry } from './udp-retry.ts';

const path = { direction: 'send', address: '192.0.2.1', port: 1, state: 'offered' } as const;
const tcp = { ...path, protocol: 'tcp' } as const;
const udp = { ...path, protocol: 'udp' } as const;

/** When retries are due within an hour over TCP, in seconds after the first poll. */
function retries(udpRetry: UdpRetry, from = 0): number[] {
  const due = [];
  for (let second = 0; second < 3_600; second += 1) {
    if (udpRetry.isDue('tcp', from + second * 1000)) {
      due.push(second);
    }
  }
  return due;
}

test('retries UDP after 10 s over TCP, then at doubling intervals up to 5 minutes', () => {
  const due = retries(new UdpRetry([udp, tcp]));
  expect(due.slice(0, 8)).toEqual([10, 30, 70, 150, 310, 610, 910, 1210]);
});

test('never retries over UDP or while nothing is connected', () => {
  const udpRetry = new UdpRetry([udp, tcp]);
  for (let now = 0; now < 3_600_000; now += 1000) {
    expect(udpRetry.isDue(now < 1_800_000 ? 'udp' : undefined, now)).toBe(false);
  }
});

test('starts again with 10 s after UDP worked or the network changed', () => {
  const udpRetry = new UdpRetry([udp, tcp]);
  retries(udpRetry);
  udpRetry.isDue('udp', 4_000_000);
  expect(retries(udpRetry, 5_000_000)[0]).toBe(10);
  udpRetry.reset();
  expect(retries(udpRetry, 9_000_000)[0]).toBe(10);
});

test('never retries where the server offers TCP only', () => {
  expect(retries(new UdpRetry([tcp]))).toEqual([]);
});
