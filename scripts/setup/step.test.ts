import { expect, test, vi } from 'vitest';
import { duration, step } from './step.mjs';

test('a step reports its name, its progress and its duration', async () => {
  const printed = captureStderr();
  const result = await step('a step', 'because of a test', async ({ show }) => {
    show('half');
    return 7;
  });
  expect(result).toBe(7);
  expect(printed()).toMatch(
    /^oneport: a step: because of a test\noneport: a step: half\noneport: a step: done in [\d.]+ s\n$/,
  );
});

test('a step that fails reports it and throws the error', async () => {
  const printed = captureStderr();
  const failing = step('a step', 'because', () => Promise.reject(new Error('no')));
  await expect(failing).rejects.toThrow('no');
  expect(printed()).toMatch(/a step: failed after/);
});

test('durations are readable', () => {
  expect([0.04, 9.94, 12.4, 59.6, 200].map(duration)).toEqual([
    '0.0 s',
    '9.9 s',
    '12 s',
    '1 min 0 s',
    '3 min 20 s',
  ]);
});

function captureStderr(): () => string {
  const write = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  return () => write.mock.calls.map(([text]) => text).join('');
}
