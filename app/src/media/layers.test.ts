import { expect, test } from 'vitest';
import { chooseSpatialLayer } from './layers.ts';

const tile = (width: number) => ({ width, height: (width * 9) / 16, visible: true });

test('a small tile gets the small layer, a large one the large', () => {
  expect(chooseSpatialLayer(tile(240), 1, 3)).toBe(0);
  expect(chooseSpatialLayer(tile(640), 1, 3)).toBe(1);
  expect(chooseSpatialLayer(tile(1280), 1, 3)).toBe(2);
});

test('sharp screens need more, up to twice as much', () => {
  expect(chooseSpatialLayer(tile(320), 1, 3)).toBe(0);
  expect(chooseSpatialLayer(tile(320), 2, 3)).toBe(1);
  expect(chooseSpatialLayer(tile(320), 3, 3)).toBe(1);
});

test('near the border the layer stays as it is', () => {
  const border = tile(400);
  expect(chooseSpatialLayer(border, 1, 3)).toBe(0);
  expect(chooseSpatialLayer(tile(390), 1, 3, 1)).toBe(1);
  expect(chooseSpatialLayer(tile(300), 1, 3, 1)).toBe(0);
});

test('a consumer with one layer has no choice', () => {
  expect(chooseSpatialLayer(tile(2000), 2, 1)).toBe(0);
  expect(chooseSpatialLayer(tile(2000), 2, 2)).toBe(1);
});
