/** Requests that can't be handled now: rejected, or queued within limits. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { TestPeer } from '../../../testkit/clients/test-peer.ts';
import { startTestServer, type TestServer } from '../../../testkit/servers/test-server.ts';
import { type TestClaims, testSecret, testToken } from '../../../testkit/servers/tokens.ts';

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer({ AUTH_JWT_SECRET: testSecret }, { metrics: true });
});

afterAll(() => server.stop());

async function options(roomId: string, sub: string, claims: TestClaims = {}) {
  const token = await testToken({ sub, room: roomId, ...claims });
  return { signalling: server.signalling, roomId, peerId: `peer-${sub}`, query: { token } };
}

const hits = async (limit: string) =>
  (await server.scrape())('oneport_limit_hits_total', { limit });

/** Nothing that needs the worker is answered until the returned function is called. */
function stopWorker(): () => void {
  const pid = server.pool.workers[0]?.worker.pid ?? 0;
  process.kill(pid, 'SIGSTOP');
  const go = () => void process.kill(pid, 'SIGCONT');
  onTestFinished(go);
  return go;
}

const tooEarly = { code: 403, message: 'too early: wait for welcome' };
const join = { generation: 1, displayName: 'Early', device: { flag: 'bot', name: 'test' } };

test('rejects requests of a peer that waits in the lobby, which stays there', async () => {
  const mo = await TestPeer.join(await options('lobby', 'mo', { moderate: true }));
  const peer = new TestPeer(await options('lobby', 'ada', { lobby: true }));
  await peer.notification('waiting');
  for (const [method, data] of [
    ['join', join],
    ['ping', {}],
    ['nosuchmethod', Array(1000).fill({})],
  ] as const) {
    await expect(peer.rawRequest(method, data)).rejects.toMatchObject(tooEarly);
  }
  await mo.request('admitPeer', { peerId: peer.peerId });
  const { generation } = await peer.welcome();
  await peer.join(generation);
  await Promise.all([mo.leave(), peer.leave()]);
});

test('rejects requests while the transports of a new peer are created', async () => {
  const go = stopWorker();
  const peer = new TestPeer(await options('opening', 'ada'));
  await new Promise((resolve) => peer.socket.once('open', resolve));
  await expect(peer.rawRequest('join', join)).rejects.toMatchObject(tooEarly);
  go();
  const { generation } = await peer.welcome();
  await peer.join(generation);
  await peer.leave();
});

test('closes a peer whose queued requests hold too many bytes, as parsed', async () => {
  const peer = new TestPeer(await options('bytes', 'ada'));
  const { sendTransport } = await peer.welcome();
  const consumers = Array.from({ length: 2_000 }, () => randomUUID());
  const go = stopWorker();
  const requests = [
    peer.rawRequest('restartIce', { transportId: sendTransport?.transportId }),
    // Each has 80 KB of text, and takes 200 KB.
    ...Array.from({ length: 20 }, () => peer.rawRequest('join', { ...join, consumers })),
  ];
  const outcomes = Promise.allSettled(requests);
  expect(await peer.closed).toEqual({ code: 4429, reason: 'too many requests are queued' });
  expect((await outcomes).every(({ status }) => status === 'rejected')).toBe(true);
  expect(await hits('queued_bytes')).toBe(1);
  go();
});

test('queues no join that comes too late', async () => {
  const peer = await TestPeer.join(await options('late', 'ada'));
  const producerId = await peer.produce('microphone');
  const go = stopWorker();
  const paused = peer.rawRequest('pauseProducer', { producerId });
  await expect(peer.rawRequest('join', join)).rejects.toMatchObject({ code: 409 });
  go();
  await paused;
  await peer.leave();
});
