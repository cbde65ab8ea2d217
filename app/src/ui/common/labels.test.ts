import { refusals } from '@oneport/protocol';
import { expect, test } from 'vitest';
import type { MediaPath } from '../../network/media-paths.ts';
import {
  addressWords,
  badgeWords,
  deviceAdvice,
  failureWords,
  hueOf,
  initials,
  noticeWords,
} from './labels.ts';

const path = (port: number, change: Partial<MediaPath> = {}): MediaPath => ({
  direction: 'send',
  protocol: 'udp',
  address: '192.0.2.1',
  port,
  state: 'in-use',
  ...change,
});

test('the badge names the mode and each port once', () => {
  const single = {
    portMode: 'single-port' as const,
    paths: [path(44444), path(44444)],
    lost: false,
  };
  expect(badgeWords(single).text).toBe('single-port · UDP 44444');
  const multi = { portMode: 'multi-port' as const, paths: [path(40001), path(40002)], lost: false };
  expect(badgeWords(multi).text).toBe('multi-port · UDP 40001, UDP 40002');
  expect(badgeWords({ portMode: 'single-port', paths: [], lost: false }).text).toBe(
    'single-port · not connected',
  );
});

test('what is only offered is not in the badge', () => {
  const offered = path(40001, { state: 'offered', protocol: 'tcp' });
  expect(badgeWords({ portMode: 'multi-port', paths: [offered], lost: false }).text).toBe(
    'multi-port · not connected',
  );
  expect(
    badgeWords({ portMode: 'multi-port', paths: [offered, path(40002)], lost: false }).text,
  ).toBe('multi-port · UDP 40002');
});

test.each([
  [1, '1 second'],
  [90, '90 seconds'],
  [600, '10 minutes'],
  [86_400, '24 hours'],
])('%i s until the server stops are %s', (inSeconds, words) => {
  const at = new Date(2026, 0, 1, 14, 5).getTime();
  const { text, tone } = noticeWords({ id: 1, type: 'server-stopping', inSeconds, at });
  expect(text).toMatch(`within ${words}${inSeconds < 120 ? '.' : ', by '}`);
  expect(tone).toBe('warning');
});

test('addresses of IPv6 have brackets', () => {
  expect(addressWords(path(1, { address: '2001:db8::1', protocol: 'tcp' }))).toBe(
    'TCP [2001:db8::1]:1',
  );
});

test('initials are the first letters of the first and last word', () => {
  expect(initials('Ada Lovelace')).toBe('AL');
  expect(initials('  grace  brewster murray hopper ')).toBe('GH');
  expect(initials('李')).toBe('李');
  expect(initials('😀 x')).toBe('😀X');
});

test('the same peer always has the same colour', () => {
  expect(hueOf('abc')).toBe(hueOf('abc'));
  expect(hueOf('abc')).toBeGreaterThanOrEqual(0);
  expect(hueOf('abcdef')).toBeLessThan(360);
});

test('every problem says what to do', () => {
  for (const problem of [
    'denied',
    'missing',
    'in-use',
    'unplugged',
    'insecure',
    'failed',
  ] as const) {
    const { title, text } = deviceAdvice(problem, ['camera']);
    expect(title.length, problem).toBeGreaterThan(5);
    expect(text.length, problem).toBeGreaterThan(20);
  }
  expect(deviceAdvice('denied', ['microphone', 'camera']).title).toBe(
    'The microphone and camera are blocked',
  );
});

test('who is refused reads why and what to do, not the words of the protocol', () => {
  for (const reason of Object.values(refusals)) {
    const { title, text } = failureWords({ kind: 'refused', reason });
    expect(title + text, reason).not.toMatch(/token|peer/i);
  }
  expect(failureWords({ kind: 'refused', reason: 'something new' }).text).toContain(
    'something new',
  );
});
