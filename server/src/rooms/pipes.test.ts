/** Pipes between segments on two real workers. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { types } from 'mediasoup';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { DirectVideo } from '../../../testkit/clients/direct-video.ts';
import { freePorts } from '../../../testkit/servers/free-ports.ts';
import { startTestServer, type TestServer } from '../../../testkit/servers/test-server.ts';
import { nothingOpen, workerState } from '../../../testkit/servers/worker-state.ts';
import { Pipes } from './pipes.ts';
import { ChatHistory } from './room-channel.ts';
import { type ProducerData, Segment } from './segment.ts';

let server: TestServer;
let pipes: Pipes;
let from: Segment;
let to: Segment;

beforeEach(async () => {
  server = await startTestServer({ MEDIASOUP_NUM_WORKERS: '2' });
  onTestFinished(() => server.stop());
  pipes = new Pipes();
  const [first, second] = server.pool.workers.map((worker) =>
    Segment.create(worker, new ChatHistory()),
  );
  [from, to] = [await (first as Promise<Segment>), await (second as Promise<Segment>)];
});

const publish = () =>
  DirectVideo.publishOn<ProducerData>(from.router, {
    peerId: 'alice',
    source: 'camera',
    segment: from,
  });

/** The ids of the consumers that carry a producer to other segments. */
async function copiesOf({ id }: types.Producer): Promise<string[]> {
  const { mapProducerIdConsumerIds } = await from.router.dump();
  return mapProducerIdConsumerIds.find(({ key }) => key === id)?.values ?? [];
}

/** A dump has all transports but the one of the data channel. */
const transportsOf = async ({ router }: Segment) => (await router.dump()).transportIds.length - 1;

test('a producer is copied once, however many ask for it at the same moment, and until the last one no longer needs it', async () => {
  const { producer } = await publish();
  const held = await Promise.all(Array.from({ length: 20 }, () => pipes.hold(producer, to)));
  expect(new Set(held.map(({ producerId }) => producerId)).size).toBe(1);
  expect(await copiesOf(producer)).toHaveLength(1);
  for (const { release } of held.slice(1)) {
    release();
    release();
  }
  expect(await copiesOf(producer)).toHaveLength(1);
  held[0]?.release();
  expect(pipes.size).toBe(0);
  await expect.poll(() => copiesOf(producer)).toEqual([]);
  // And another time.
  const again = await pipes.hold(producer, to);
  expect(await copiesOf(producer)).toHaveLength(1);
  again.release();
});

test('a copy that no one waits for any more is closed once it is open', async () => {
  const { producer } = await publish();
  const holding = Array.from({ length: 2 }, () => pipes.hold(producer, to));
  for (const held of holding) {
    void held.then(({ release }) => release());
  }
  await Promise.all(holding);
  expect(pipes.size).toBe(0);
  await expect.poll(() => copiesOf(producer)).toEqual([]);
});

test('all copies share one pair of transports', async () => {
  const videos = await Promise.all([publish(), publish(), publish()]);
  const before = await Promise.all([transportsOf(from), transportsOf(to)]);
  await Promise.all(videos.map(({ producer }) => pipes.hold(producer, to)));
  const after = await Promise.all([transportsOf(from), transportsOf(to)]);
  expect(after.map((count, n) => count - (before[n] ?? 0))).toEqual([1, 1]);
  const portsOfPipes = async () => {
    const { ports } = await server.ports.snapshot();
    return ports
      .filter(({ port }) => port > server.mediaPort + 1)
      .map((entry) => entry.workerIndex);
  };
  expect(await portsOfPipes()).toEqual([0, 1]);
  from.close();
  await expect.poll(portsOfPipes).toEqual([]);
});

test('in its own segment, a producer is not copied', async () => {
  const { producer } = await publish();
  expect(await pipes.hold(producer, from)).toMatchObject({ producerId: producer.id });
  expect(pipes.size).toBe(0);
});

test('another producer of the worker may have the id of the original', async () => {
  const { producer } = await publish();
  const transport = await to.router.createDirectTransport();
  const { kind, rtpParameters } = producer;
  await transport.produce({ id: producer.id, kind, rtpParameters });
  await expect(pipes.hold(producer, to)).resolves.toBeDefined();
});

test('a copy is paused, resumed and closed with its original, however fast', async () => {
  const { producer } = await publish();
  await producer.pause();
  const { producerId } = await pipes.hold(producer, to);
  const consumer = await DirectVideo.consumeOn(to.router, producerId);
  expect(consumer.producerPaused).toBe(true);
  await producer.resume();
  await expect.poll(() => consumer.producerPaused).toBe(false);
  for (let n = 0; n < 5; n++) {
    await producer.pause();
    await producer.resume();
    // The copy follows a moment later: it must not stay in the state in between.
    await sleep(200);
    await expect.poll(() => consumer.producerPaused).toBe(false);
  }
  await producer.pause();
  await expect.poll(() => consumer.producerPaused).toBe(true);
  producer.close();
  await expect.poll(() => consumer.closed).toBe(true);
  await expect.poll(() => pipes.size).toBe(0);
});

test('when one of two segments ends, nothing of the pipe is left in the other', async () => {
  const { producer } = await publish();
  await pipes.hold(producer, to);
  const before = await transportsOf(from);
  to.close();
  await expect.poll(() => transportsOf(from)).toBe(before - 1);
  expect(pipes.size).toBe(0);
  expect(producer.closed).toBe(false);
  await expect(pipes.hold(producer, to)).rejects.toThrow('the producer or the segment has closed');
  from.close();
  await expect.poll(() => workerState(server.pool)).toEqual(nothingOpen);
});

test('when the worker of the copies dies, the originals go on, and can be copied to the next worker', async () => {
  const { producer } = await publish();
  await pipes.hold(producer, to);
  process.kill(server.pool.workers[1]?.worker.pid ?? 0, 'SIGKILL');
  await expect.poll(() => to.closed).toBe(true);
  await expect.poll(() => copiesOf(producer)).toEqual([]);
  await expect.poll(() => server.pool.workers.length).toBe(2);
  const [, next] = server.pool.workers;
  to = await Segment.create(next as Exclude<typeof next, undefined>, new ChatHistory());
  await pipes.hold(producer, to);
  expect(await copiesOf(producer)).toHaveLength(1);
});

test('a worker without a free port reports that, and later copies', async () => {
  await server.stop();
  const port = await freePorts(8);
  server = await startTestServer({
    MEDIASOUP_NUM_WORKERS: '2',
    MEDIASOUP_MIN_PORT: String(port),
    MEDIASOUP_MAX_PORT: String(port + 7),
  });
  const [first, second] = server.pool.workers;
  from = await Segment.create(first as Exclude<typeof first, undefined>, new ChatHistory());
  to = await Segment.create(second as Exclude<typeof second, undefined>, new ChatHistory());
  const { producer } = await publish();
  const taken = await Promise.all([1, 2, 3, 4].map(() => to.createPipeTransport()));
  await expect(pipes.hold(producer, to)).rejects.toThrow('no media port is free (worker 1');
  expect(pipes.size).toBe(0);
  taken[0]?.close();
  await expect(pipes.hold(producer, to)).resolves.toBeDefined();
});

test('key frame requests and changes of layers cross the pipe', async () => {
  const video = await publish();
  let plis = 0;
  video.onPli(() => {
    plis += 1;
    video.send({ keyFrame: true });
    video.send({ keyFrame: true, encoding: 1 });
  });
  const { producerId } = await pipes.hold(video.producer, to);
  const consumer = await DirectVideo.consumeOn(to.router, producerId);
  const sending = setInterval(() => {
    video.send({ encoding: 0 });
    video.send({ encoding: 1 });
  }, 20);
  onTestFinished(() => clearInterval(sending));
  await consumer.setPreferredLayers({ spatialLayer: 0 });
  await expect.poll(() => consumer.currentLayers?.spatialLayer).toBe(0);
  const before = plis;
  expect(before).toBeGreaterThan(0);
  await consumer.requestKeyFrame();
  await expect.poll(() => plis).toBeGreaterThan(before);
  await consumer.setPreferredLayers({ spatialLayer: 1 });
  await expect.poll(() => consumer.currentLayers?.spatialLayer).toBe(1);
});
