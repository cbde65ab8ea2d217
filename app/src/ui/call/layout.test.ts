import { expect, test } from 'vitest';
import { layout } from './layout.ts';

const gap = 12;

test.each([
  [390, 640],
  [768, 900],
  [1280, 680],
  [1920, 960],
  [2560, 1300],
])('fits 1 to 12 tiles into %i x %i and fills it well', (width, height) => {
  for (let count = 1; count <= 12; count += 1) {
    const grid = layout(count, width, height, gap);
    expect(grid.columns * grid.rows).toBeGreaterThanOrEqual(count);
    expect(grid.columns * grid.width + (grid.columns - 1) * gap).toBeLessThanOrEqual(width);
    expect(grid.rows * grid.height + (grid.rows - 1) * gap).toBeLessThanOrEqual(height);
    const aspect = grid.width / grid.height;
    expect(aspect).toBeGreaterThan(0.79);
    expect(aspect).toBeLessThan(1.79);
    const filled = (count * grid.width * grid.height) / (width * height);
    expect(filled, `${count} tiles`).toBeGreaterThan(0.5);
  }
});

test('places two tiles side by side on a wide screen, and one above the other on a phone', () => {
  expect(layout(2, 1280, 680, gap).columns).toBe(2);
  expect(layout(2, 390, 640, gap).columns).toBe(1);
});

test.each([2, 3, 5])('crops little of 16:9 video for %i tiles on a wide screen', (count) => {
  const { width, height } = layout(count, 1256, 662, gap);
  expect(width / height / (16 / 9)).toBeGreaterThan(0.89);
});

test('places four tiles in a square', () => {
  expect(layout(4, 1280, 680, gap)).toMatchObject({ columns: 2, rows: 2 });
});

test('returns empty tiles where there is no space', () => {
  expect(layout(3, 0, 0, gap)).toMatchObject({ width: 0, height: 0 });
  expect(layout(0, 100, 100, gap)).toMatchObject({ width: 0, height: 0 });
});
