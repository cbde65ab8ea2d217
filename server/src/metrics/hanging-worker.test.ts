/** A worker that hangs drops datagrams and gets no new rooms, and the metrics show both. */
import { expect, onTestFinished, test } from 'vitest';
import { IcePeer, unknownData } from '../../../testkit/clients/ice-peer.ts';
import { TestPeer } from '../../../testkit/clients/test-peer.ts';
import { startTestServer } from '../../../testkit/servers/test-server.ts';

const patience = { timeout: 30_000, interval: 200 };

test.for([
  ['single-port', 'true'],
  ['multi-port', 'false'],
] as const)('in %s', { timeout: 90_000 }, async ([, mode]) => {
  const server = await startTestServer(
    { MEDIASOUP_NUM_WORKERS: '2', MEDIASOUP_USE_WEBRTC_SERVER: mode },
    { metrics: true },
  );
  onTestFinished(() => server.stop());
  const { signalling, pool } = server;
  const value = async (name: string, worker?: string) =>
    (await server.scrape())(name, worker === undefined ? {} : { worker });
  const first = await TestPeer.join({ signalling, roomId: 'first', query: { consume: '0' } });
  const second = await TestPeer.join({ signalling, roomId: 'second' });
  expect(await value('oneport_udp_receive_drops_total')).toBe(0);

  const pid = pool.workers[0]?.worker.pid ?? 0;
  process.kill(pid, 'SIGSTOP');
  onTestFinished(() => void process.kill(pid, 'SIGCONT'));
  const { sendTransport } = await first.welcome();
  const port = sendTransport?.iceCandidates.find(({ protocol }) => protocol === 'udp')?.port ?? 0;
  const stranger = await IcePeer.open({ ip: '127.0.0.1', port });
  onTestFinished(() => stranger.close());
  const sending = setInterval(() => {
    for (let n = 0; n < 1000; n++) {
      stranger.send(unknownData);
    }
  }, 20);
  onTestFinished(() => clearInterval(sending));
  await expect.poll(() => value('oneport_udp_receive_drops_total'), patience).toBeGreaterThan(0);
  clearInterval(sending);
  expect(await value('oneport_udp_receive_queue_bytes')).toBeGreaterThan(0);

  await expect.poll(() => value('oneport_worker_silent_seconds', '0'), patience).toBeGreaterThan(5);
  expect(await value('oneport_worker_busy', '0')).toBe(1);
  // The worker that hangs has fewer transports, but is busy.
  const third = await TestPeer.join({ signalling, roomId: 'third' });
  // Metrics that are scraped this often are collected once a second.
  await expect.poll(() => value('oneport_worker_rooms', '1'), patience).toBe(2);

  process.kill(pid, 'SIGCONT');
  await expect.poll(() => value('oneport_worker_busy', '0'), patience).toBe(0);
  const lost = (await value('oneport_udp_receive_drops_total')) ?? 0;
  await Promise.all([first, second, third].map((peer) => peer.leave()));
  await expect.poll(() => value('oneport_rooms')).toBe(0);
  expect(await value('oneport_udp_receive_drops_total')).toBeGreaterThanOrEqual(lost);
});
