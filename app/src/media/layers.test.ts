import { expect, test } from 'vitest';
import { chooseSpatialLayer } from './layers.ts';

const tile = (width: number) => ({ width, height: (width * 9) / 16, visible: true });

test('chooses the layer by the size of the tile', () => {
  expect(chooseSpatialLayer(tile(240), 1, 3)).toBe(0);
  expect(chooseSpatialLayer(tile(640), 1, 3)).toBe(1);
  expect(chooseSpatialLayer(tile(1280), 1, 3)).toBe(2);
});

test('chooses a larger layer for a higher pixel ratio, up to 2', () => {
  expect(chooseSpatialLayer(tile(320), 1, 3)).toBe(0);
  expect(chooseSpatialLayer(tile(320), 2, 3)).toBe(1);
  expect(chooseSpatialLayer(tile(320), 3, 3)).toBe(1);
});

test('keeps the current layer near a threshold', () => {
  const threshold = tile(400);
  expect(chooseSpatialLayer(threshold, 1, 3)).toBe(0);
  expect(chooseSpatialLayer(tile(390), 1, 3, 1)).toBe(1);
  expect(chooseSpatialLayer(tile(300), 1, 3, 1)).toBe(0);
});

test('never exceeds the number of layers', () => {
  expect(chooseSpatialLayer(tile(2000), 2, 1)).toBe(0);
  expect(chooseSpatialLayer(tile(2000), 2, 2)).toBe(1);
});
