import { expect, test } from 'vitest';
import { columnsIn, linesOf, minWidth } from './diagram-columns.ts';
import { columns } from './diagram-layout.ts';

test.each([0, 300, 343, 367, 688, 929, 1166])('separates all columns in %i px', (available) => {
  const { width, x } = columnsIn(available);
  let before = -1;
  for (const column of columns) {
    const [left, right] = x[column];
    expect(left).toBeGreaterThan(before);
    expect(right - left).toBeGreaterThan(20);
    before = right;
  }
  expect(x.room[1]).toBeCloseTo(width, 5);
});

test('fits a phone without scrolling', () => {
  expect(minWidth).toBeLessThanOrEqual(360 - 8);
  expect(columnsIn(360)).toMatchObject({ width: 360, stacked: true, small: true });
  expect(columnsIn(688)).toMatchObject({ width: 688, stacked: true, small: false });
  expect(columnsIn(0)).toMatchObject({ width: 1000, stacked: false, small: false });
});

test('splits and truncates texts', () => {
  const address = ['192.0.2.117', ':61002'];
  expect(linesOf(address, 17, true)).toEqual(['192.0.2.117:61002']);
  expect(linesOf(address, 15, true)).toEqual(['192.0.2.117', ':61002']);
  expect(linesOf(address, 15, false)).toEqual(['192.0.2.117:61…']);
  expect(linesOf(['[2001:db8:1234:5678::1]', ':61002'], 15, true)).toEqual([
    '[2001:db8:1234…',
    ':61002',
  ]);
  expect(linesOf(['↑ 117e79940e'], 6, true)).toEqual(['↑ 117e', '79940e']);
  expect(linesOf(['worker ', '12'], 6, true)).toEqual(['worker', '12']);
});
