import { afterAll, beforeAll, expect, test } from 'vitest';
import { TestPeer } from '../../../testkit/clients/test-peer.ts';
import { startTestServer, type TestServer } from '../../../testkit/servers/test-server.ts';
import { TrafficSampler } from './traffic-sampler.ts';

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
  for (let n = 0; n < 10; n++) {
    await TestPeer.join({ signalling: server.signalling });
  }
});

afterAll(() => server.stop());

const all = () => {
  const [worker] = server.pool.workers;
  if (!worker) {
    throw new Error('no worker');
  }
  return worker.traffic;
};

test('samples each transport in turn, within the budget', async () => {
  const sampler = new TrafficSampler(4);
  expect(all().size).toBe(20);
  const sampled: string[] = [];
  for (let round = 0; round < 5; round++) {
    const ids = await sampler.sample(all(), new Set());
    expect(ids).toHaveLength(4);
    sampled.push(...ids);
  }
  expect(new Set(sampled)).toEqual(new Set(all().keys()));
  expect(sampler.rates.size, 'no transport was sampled twice').toBe(0);
  await sampler.sample(all(), new Set());
  expect(sampler.rates.size).toBe(4);
  expect(sampler.sum).toEqual({ bytesIn: 0, bytesOut: 0, packetsIn: 0, packetsOut: 0 });
});

test('samples transports on view more often, but the others too', async () => {
  const sampler = new TrafficSampler(4);
  const watched = new Set([...all().keys()].slice(17));
  const times = new Map<string, number>();
  for (let round = 0; round < 17; round++) {
    for (const id of await sampler.sample(all(), watched)) {
      times.set(id, (times.get(id) ?? 0) + 1);
    }
  }
  for (const id of all().keys()) {
    expect(times.get(id)).toBe(watched.has(id) ? 17 : 1);
  }
});

test('forgets transports that have closed', async () => {
  const sampler = new TrafficSampler(100);
  for (let n = 0; n < 2; n++) {
    await sampler.sample(all(), new Set());
  }
  expect(sampler.rates.size).toBe(20);
  await sampler.sample(new Map([...all()].slice(3)), new Set());
  expect(sampler.rates.size).toBe(17);
});

test('a transport with producers takes more of the budget', async () => {
  const peer = await TestPeer.join({ signalling: server.signalling });
  await peer.produce('microphone');
  await peer.produce('camera');
  const { sendTransport } = await peer.welcome();
  const traffic = all().get(sendTransport?.transportId ?? '');
  expect(traffic?.requests).toBe(3);
  expect(await traffic?.measure()).toMatchObject({ bytesIn: 0, packetsIn: 0, packetsOut: 0 });
  const one = new Map([...all()].filter(([, each]) => each === traffic));
  expect(
    await new TrafficSampler(1).sample(one, new Set()),
    'a transport over the budget is sampled alone',
  ).toHaveLength(1);
  await peer.leave();
});
