import { expect, test } from 'vitest';
import { measureForwarding } from './forwarding.ts';
import { portModes } from './server-subject.ts';

test('a real server forwards the packets of real peers, and their cost is measured', {
  timeout: 90_000,
}, async () => {
  const workerBin = process.env.MEDIASOUP_WORKER_BIN ?? '';
  const [setup] = portModes({ workerBin });
  if (!setup) {
    throw new Error('no port mode');
  }
  const measured = await measureForwarding(setup, { peers: 3, publishers: 1, codec: 'opus' }, 1);
  expect(measured.figures.cpu).toBeGreaterThan(0);
  expect(measured.figures.rate).toBeGreaterThan(0);
  expect(measured.figures.memory).toBeGreaterThan(1);
  expect(measured.load?.worker).toBeGreaterThan(0);
  // Other tests may disturb it, but peers must join and receive.
  expect(measured.invalid.join()).not.toMatch(/joined|no packet/);
});
