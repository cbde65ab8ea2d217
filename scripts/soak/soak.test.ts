import { describe, expect, test } from 'vitest';
import { obstacleToSteering } from '../../testkit/servers/shared-port.ts';
import { leftBehind, margin, soak, soakModes } from './soak.ts';

const obstacle = obstacleToSteering();
const joins = Number(process.env.SOAK_JOINS ?? 48);
const restarts = joins / 4;
const timeout = 300_000 + 1000 * joins;

describe('peers join and leave, half of them cut off, and nothing is left behind:', () => {
  test.for(soakModes)('%s', { timeout }, async (mode, { skip }) => {
    skip(mode === 'shared-port' && obstacle !== undefined, obstacle);
    const report = await soak({ mode, joins, restarts });
    expect(report).toMatchObject({ joins, restarts });
    expect(leftBehind(report)).toEqual([]);
  });
});

test('finds a planted leak in the counts and in the memory', { timeout }, async () => {
  const report = await soak({ mode: 'single-port', joins, restarts: 0, plant: 'transports' });
  const found = leftBehind(report).map((text) => text.split(':')[0]);
  expect(found).toEqual(['objects', 'heap']);
  expect(report.growth.heap).toBeGreaterThan(margin(joins));
});
