import { expect, test } from 'vitest';
import { barChart } from './bar-chart.ts';
import { formatNumber } from './format.ts';
import { lineChart } from './line-chart.ts';

test('bars are as long as their values, with a line over the range', () => {
  const picture = barChart(
    'CPU',
    'µs',
    ['a', 'b'],
    [
      {
        title: 'one <to> many',
        bars: [
          { name: 'a', value: 10, min: 5, max: 20 },
          { name: 'b', value: 20, min: 20, max: 20 },
        ],
      },
    ],
  );
  const [a = 0, b = 0] = [...picture.matchAll(/<rect [^>]*width="([\d.]+)"/g)].map(([, w]) =>
    Number(w),
  );
  expect(a).toBeGreaterThan(0);
  expect(b).toBeCloseTo(2 * a);
  expect(picture).toContain('one &lt;to> many');
  expect(picture).toContain('>10 µs<');
  expect(picture).toContain('prefers-color-scheme:dark');
});

test('each line goes through its points on logarithmic axes', () => {
  const picture = lineChart('memory', 'transports', 'MB', [
    { name: 'a', points: [10, 100, 1000].map((x) => ({ x, y: x })) },
    { name: 'b', points: [10, 1000].map((x) => ({ x, y: 1000 })) },
  ]);
  const [first = '', second = ''] = [...picture.matchAll(/class="line [^>]* d="M([^"]*)"/g)].map(
    ([, path]) => path,
  );
  const points = first.split('L').map((point) => point.split(' ').map(Number));
  // The middle one of 10, 100 and 1000 is in the middle.
  const [[x1 = 0, y1 = 0] = [], [x2 = 0, y2 = 0] = [], [x3 = 0, y3 = 0] = []] = points;
  expect(Math.abs(x2 - (x1 + x3) / 2)).toBeLessThanOrEqual(1);
  expect(Math.abs(y2 - (y1 + y3) / 2)).toBeLessThanOrEqual(1);
  expect(y1).toBeGreaterThan(y3);
  expect(second.split('L')).toHaveLength(2);
  expect(() => lineChart('', '', '', [{ name: '', points: [{ x: 1, y: 0 }] }])).toThrow(RangeError);
});

test('numbers have three digits', () => {
  expect([0.012345, 9.876, 99.96, 1234.5].map(formatNumber)).toEqual([
    '0.0123',
    '9.88',
    '100',
    '1,235',
  ]);
});
