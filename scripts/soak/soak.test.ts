import { describe, expect, test } from 'vitest';
import { obstacleToSteering } from '../../testkit/servers/steered-host.ts';
import { leftBehind, margin, soak, soakModes } from './soak.ts';

const obstacle = obstacleToSteering();
const timeout = 300_000;

describe('peers come and go, half of them cut off, and nothing is left behind:', () => {
  test.for(soakModes)('%s', { timeout }, async (mode, { skip }) => {
    skip(mode === 'shared-port' && obstacle !== undefined, obstacle);
    const report = await soak({ mode, joins: 48, restarts: 12 });
    expect(report).toMatchObject({ joins: 48, restarts: 12 });
    expect(leftBehind(report)).toEqual([]);
  });
});

test('a planted leak is found, in the counts and in the memory', { timeout }, async () => {
  const joins = 48;
  const report = await soak({ mode: 'single-port', joins, restarts: 0, plant: 'transports' });
  const found = leftBehind(report).map((text) => text.split(':')[0]);
  expect(found).toEqual(['objects', 'heap']);
  expect(report.growth.heap).toBeGreaterThan(margin(joins));
});
