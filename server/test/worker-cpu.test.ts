/** MAX_WORKER_CPU with workers that are really busy. */
import { expect, onTestFinished, test } from 'vitest';
import { RoomCall } from '../../testkit/clients/calls.ts';
import { IcePeer, unknownData } from '../../testkit/clients/ice-peer.ts';
import { TestPeer } from '../../testkit/clients/test-peer.ts';
import { startTestServer } from '../../testkit/servers/test-server.ts';

const patience = { timeout: 60_000, interval: 200 };

test('a busy worker gets no new rooms, and its rooms continue', {
  timeout: 120_000,
}, async () => {
  const server = await startTestServer(
    { MEDIASOUP_NUM_WORKERS: '2', MAX_WORKER_CPU: '1' },
    { metrics: true },
  );
  onTestFinished(() => server.stop());
  const { signalling } = server;
  const inside = await RoomCall.start(server);
  // The other worker has more transports: without this limit, a new room would go to the one with the call.
  const elsewhere = await TestPeer.join({ signalling, roomId: 'elsewhere' });
  const busy = async (worker: string) => (await server.scrape())('oneport_worker_busy', { worker });
  const roomsOf = () => server.pool.workers.map(({ routers }) => routers);
  expect(roomsOf()).toEqual([1, 1]);

  const stopFirst = await keepBusy(server.mediaPort);
  await expect.poll(() => busy('0'), patience).toBe(1);
  const third = await TestPeer.join({ signalling, roomId: 'third' });
  expect(roomsOf()).toEqual([1, 2]);

  const stopSecond = await keepBusy(server.mediaPort + 1);
  await expect.poll(() => busy('1'), patience).toBe(1);
  expect(await busy('0'), 'still').toBe(1);
  const refused = new TestPeer({ signalling, roomId: 'fourth' });
  expect(await refused.closed).toEqual({
    code: 4429,
    reason: 'all workers are busy: no room can be opened now',
  });
  // Metrics that are scraped this often are collected once a second.
  const hits = async (...labels: [{ limit: string }?]) =>
    (await server.scrape())('oneport_limit_hits_total', ...labels);
  await expect.poll(() => hits({ limit: 'worker_cpu' })).toBe(1);
  expect(await hits()).toBe(1);
  // Existing rooms admit peers.
  const guest = await TestPeer.join({ signalling, roomId: 'inside' });

  stopFirst();
  stopSecond();
  await expect.poll(() => busy('0'), patience).toBe(0);
  const fourth = await TestPeer.join({ signalling, roomId: 'fourth' });
  await inside.expectUnaffected();
  await Promise.all([elsewhere, third, guest, fourth].map((peer) => peer.leave()));
});

/** Sends a worker packets that it has to parse and drop. */
async function keepBusy(port: number): Promise<() => void> {
  const stranger = await IcePeer.open({ ip: '127.0.0.1', port });
  const sending = setInterval(() => {
    for (let n = 0; n < 30; n++) {
      stranger.send(unknownData);
    }
  }, 2);
  onTestFinished(async () => {
    clearInterval(sending);
    await stranger.close();
  });
  return () => clearInterval(sending);
}
