import { expect, test } from 'vitest';
import { cameraEncodings, screenEncodings } from './encodings.ts';

test.each([
  [1280, 720, [180, 360, 720]],
  [720, 1280, [180, 360, 720]],
  [1920, 1080, [270, 540, 1080]],
  [3840, 2160, [270, 540, 1080]],
  [640, 480, [240, 480]],
  [640, 360, [180, 360]],
  [360, 640, [180, 360]],
  [960, 540, [270, 540]],
  [320, 240, [240]],
  [160, 120, [120]],
])('a camera of %i x %i has layers of %j lines', (width, height, expected) => {
  const encodings = cameraEncodings({ width, height });
  expect(encodings).toHaveLength(3);
  const active = encodings.filter((encoding) => encoding.active);
  // Chromium drops the last encodings of a small source, so the active ones come first.
  expect(encodings.slice(0, active.length)).toEqual(active);
  const lines = active.map(({ scaleResolutionDownBy: by }) => Math.min(width, height) / by);
  expect(lines).toEqual(expected);
});

test('bitrates follow the size, and a size that is not known yet is that of the requested camera', () => {
  const kbps = (width: number, height: number) =>
    cameraEncodings({ width, height })
      .filter(({ active }) => active)
      .map(({ maxBitrate }) => Math.round(maxBitrate / 1000));
  expect(kbps(1280, 720)).toEqual([163, 495, 1500]);
  expect(kbps(640, 480)).toEqual([205, 623]);
  expect(kbps(320, 240)).toEqual([205]);
  expect(cameraEncodings({})).toEqual(cameraEncodings({ width: 1280, height: 720 }));
});

test('a screen keeps every pixel', () => {
  const encodings = [
    [400, 300],
    [1920, 1080],
    [3840, 2160],
  ].map(([width, height]) => screenEncodings({ width, height })[0]);
  expect(encodings.map((encoding) => encoding?.scaleResolutionDownBy)).toEqual([1, 1, 1]);
  expect(encodings.map((encoding) => encoding?.maxBitrate)).toEqual([
    1_000_000, 2_869_705, 6_000_000,
  ]);
  expect(encodings.map((encoding) => encoding?.maxFramerate)).toEqual([30, 30, 15]);
});
