import { closeReasons } from '@oneport/protocol';
import { expect, test } from 'vitest';
import type { MediaPath } from '../../network/media-paths.ts';
import type { MediaInfo } from '../../network/media-status.ts';
import { failureLabel } from './failure-labels.ts';
import {
  deviceProblemLabel,
  formatPath,
  noticeLabel,
  portBadgeLabel,
  unsupportedLabel,
} from './labels.ts';

const path = (port: number, change: Partial<MediaPath> = {}): MediaPath => ({
  direction: 'send',
  protocol: 'udp',
  address: '192.0.2.1',
  port,
  state: 'in-use',
  ...change,
});

const badge = (info: Pick<MediaInfo, 'portMode' | 'paths'>) =>
  portBadgeLabel({ ...info, connected: true, lost: false }).text;

test('names the port mode and each port once in the badge', () => {
  expect(badge({ portMode: 'single-port', paths: [path(44444), path(44444)] })).toBe(
    'single-port · UDP 44444',
  );
  expect(badge({ portMode: 'multi-port', paths: [path(40001), path(40002)] })).toBe(
    'multi-port · UDP 40001, UDP 40002',
  );
  expect(badge({ portMode: 'single-port', paths: [] })).toBe('single-port · not connected');
});

test('leaves offered paths out of the badge', () => {
  const offered = path(40001, { state: 'offered', protocol: 'tcp' });
  expect(badge({ portMode: 'multi-port', paths: [offered] })).toBe('multi-port · not connected');
  expect(badge({ portMode: 'multi-port', paths: [offered, path(40002)] })).toBe(
    'multi-port · UDP 40002',
  );
});

test.each([
  [1, '1 second'],
  [90, '90 seconds'],
  [600, '10 minutes'],
  [86_400, '24 hours'],
])('writes %i s until the server stops as %s', (inSeconds, time) => {
  const at = new Date(2026, 0, 1, 14, 5).getTime();
  const { text, tone } = noticeLabel({ id: 1, type: 'server-stopping', inSeconds, at });
  expect(text).toMatch(`within ${time}${inSeconds < 120 ? '.' : ', by '}`);
  expect(tone).toBe('warning');
});

test('puts IPv6 addresses in brackets', () => {
  expect(formatPath(path(1, { address: '2001:db8::1', protocol: 'tcp' }))).toBe(
    'TCP [2001:db8::1]:1',
  );
});

const problems = [
  'denied',
  'missing',
  'in-use',
  'unplugged',
  'interrupted',
  'insecure',
  'unsupported',
  'failed',
] as const;

test.each(problems)(
  'says for the device problem “%s” what to do, for one device and two',
  (problem) => {
    const both = ['microphone', 'camera'] as const;
    for (const devices of [['microphone'], ['camera'], both] as const) {
      for (const inCall of [false, true]) {
        const { title, text } = deviceProblemLabel(problem, { devices, inCall });
        expect(title.length).toBeGreaterThan(5);
        expect(text.length).toBeGreaterThan(20);
        if (inCall) {
          expect(text).not.toContain('join');
        }
        if (devices === both) {
          expect(`${title} ${text}`).not.toMatch(
            /\b(is|was) (blocked|disconnected|unplugged)|camera is|using it/i,
          );
        } else {
          expect(`${title} ${text}`).not.toMatch(/\b(are|were|they|them in|using them)\b/i);
        }
      }
    }
  },
);

test('names both devices when both are blocked or paused', () => {
  const devices = ['microphone', 'camera'] as const;
  expect(deviceProblemLabel('interrupted', { devices, inCall: true }).text).toMatch(
    'the others can’t hear or see you',
  );
  expect(deviceProblemLabel('denied', { devices, inCall: true }).title).toBe(
    'Your microphone and camera are blocked',
  );
});

test('tells a missing codec from a browser that failed', () => {
  const camera = { peerId: 'a', source: 'camera', codec: 'H264' } as const;
  const missing = 'This browser can’t play this person’s camera. It doesn’t support H264.';
  const failed =
    'This browser failed to start this person’s microphone. Reload the page to try again.';
  expect(unsupportedLabel([camera])).toBe(missing);
  const microphone = { ...camera, source: 'microphone', failed: true } as const;
  expect(unsupportedLabel([microphone])).toBe(failed);
  expect(unsupportedLabel([camera, microphone])).toBe(`${missing} ${failed}`);
});

test('explains every close reason without terms of the protocol', () => {
  for (const reason of Object.values(closeReasons)) {
    const { title, text } = failureLabel({ kind: 'unauthorized', reason });
    expect(title + text, reason).not.toMatch(/token|peer/i);
  }
  expect(failureLabel({ kind: 'unauthorized', reason: 'something new' }).text).toContain(
    'something new',
  );
});
