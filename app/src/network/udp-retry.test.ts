import { expect, test } from 'vitest';
import { UdpReturn } from './udp-retry.ts';

const path = { direction: 'send', address: '192.0.2.1', port: 1, state: 'offered' } as const;
const tcp = { ...path, protocol: 'tcp' } as const;
const udp = { ...path, protocol: 'udp' } as const;

/** When attempts are due within an hour over TCP, in seconds after the first look. */
function attempts(udpReturn: UdpReturn, from = 0): number[] {
  const due = [];
  for (let second = 0; second < 3_600; second += 1) {
    if (udpReturn.isDue('tcp', from + second * 1000)) {
      due.push(second);
    }
  }
  return due;
}

test('over TCP, UDP is tried after 10 s, and then half as often each time, down to every 5 minutes', () => {
  const due = attempts(new UdpReturn([udp, tcp]));
  expect(due.slice(0, 8)).toEqual([10, 30, 70, 150, 310, 610, 910, 1210]);
});

test('over UDP, or while nothing is connected, there is nothing to try', () => {
  const udpReturn = new UdpReturn([udp, tcp]);
  for (let now = 0; now < 3_600_000; now += 1000) {
    expect(udpReturn.isDue(now < 1_800_000 ? 'udp' : undefined, now)).toBe(false);
  }
});

test('having been on UDP, or on another network, begins the distances anew', () => {
  const udpReturn = new UdpReturn([udp, tcp]);
  attempts(udpReturn);
  udpReturn.isDue('udp', 4_000_000);
  expect(attempts(udpReturn, 5_000_000)[0]).toBe(10);
  udpReturn.networkChanged();
  expect(attempts(udpReturn, 9_000_000)[0]).toBe(10);
});

test('where the server offers TCP only, UDP is never tried', () => {
  expect(attempts(new UdpReturn([tcp]))).toEqual([]);
});
