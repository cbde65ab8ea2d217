import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { DirectVideo } from '../testkit/clients/direct-video.ts';
import { IcePeer } from '../testkit/clients/ice-peer.ts';
import { bindingRequestWith } from '../testkit/clients/stun.ts';
import { skipWithPrebuiltWorker, startTestWorker } from '../testkit/servers/test-worker.ts';
import { twoTransports } from '../testkit/servers/webrtc-server-host.ts';

/** Changes of a state that a peer causes. The patch lets 8 notifications of each object pass, and then 2 a second. */
const changes = 1_000;
const allowed = changes / 10;

beforeEach(skipWithPrebuiltWorker);

test('SP-4.3: a peer that nominates two pairs in turn causes few notifications, and the last one is right', async () => {
  const [transport] = await twoTransports();
  const candidate = transport.iceCandidates.find(({ protocol }) => protocol === 'udp');
  const peers = await Promise.all(
    [1, 2].map(() => IcePeer.open({ ip: '127.0.0.1', port: candidate?.port ?? 0 })),
  );
  onTestFinished(async () => void (await Promise.all(peers.map((peer) => peer.close()))));
  let notified = 0;
  transport.on('iceselectedtuplechange', () => {
    notified += 1;
  });
  for (let n = 0; n < changes; n += 2) {
    for (const peer of peers) {
      peer.send(bindingRequestWith(transport.iceParameters));
    }
    if (n % 50 === 0) {
      // Its receive buffer must hold the rest.
      expect(await peers[1]?.check(transport.iceParameters)).toBe('success');
    }
  }
  await expect.poll(() => peers[1]?.received.length).toBeGreaterThan(changes / 2);
  const last = peers[0]?.port;
  expect(await peers[0]?.check(transport.iceParameters)).toBe('success');
  await expect.poll(() => transport.iceSelectedTuple?.remotePort).toBe(last);
  expect(notified).toBeLessThan(allowed);
  expect(notified).toBeGreaterThan(1);
});

test('a publisher that changes its layer or score with each packet causes few notifications of each receiver', async () => {
  const video = await DirectVideo.publish(await startTestWorker());
  const consumers = await Promise.all([1, 2, 3].map(() => video.consume()));
  const notified = { layerschange: 0, score: 0 };
  for (const consumer of consumers) {
    for (const event of ['layerschange', 'score'] as const) {
      consumer.on(event, () => {
        notified[event] += 1;
      });
    }
  }
  const allowedOfAll = consumers.length * allowed;

  video.send({ keyFrame: true, temporalLayer: 0 });
  for (let n = 0; n < changes; n += 2) {
    // Without a layer, it counts as the lowest.
    video.send({});
    video.send({ temporalLayer: 2 });
  }
  await expect
    .poll(() => consumers.map(({ currentLayers }) => currentLayers))
    .toEqual(consumers.map(() => ({ spatialLayer: 0, temporalLayer: 2 })));
  expect(notified.layerschange).toBeLessThan(allowedOfAll);

  notified.score = 0;
  for (let n = 0; n < changes; n++) {
    // The score is an average over 24 reports: after a dozen with lost packets, a dozen without.
    video.send({ gap: n % 24 < 12 ? 100 : 0 });
    video.report();
  }
  await video.producer.dump();
  await expect.poll(() => notified.score).toBeGreaterThan(0);
  expect(notified.score).toBeLessThan(allowedOfAll);
});
