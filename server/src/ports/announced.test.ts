import { afterEach, describe, expect, test } from 'vitest';
import { checkIce } from '../../../testkit/clients/ice-peer.ts';
import { TestPeer } from '../../../testkit/clients/test-peer.ts';
import { obstacleToSteering } from '../../../testkit/servers/shared-port.ts';
import { startTestServer, type TestServer } from '../../../testkit/servers/test-server.ts';
import { tryBind } from './bind-check.ts';

const hasIPv6 = (await tryBind('udp', '::1', 0)) === undefined;
const modes = [
  { mode: 'single-port', env: { MEDIASOUP_USE_WEBRTC_SERVER: 'true' } },
  { mode: 'multi-port', env: { MEDIASOUP_USE_WEBRTC_SERVER: 'false' } },
  ...(obstacleToSteering()
    ? []
    : [{ mode: 'shared-port', env: { MEDIASOUP_USE_WEBRTC_SERVER: 'shared' } }]),
];

let server: TestServer | undefined;

afterEach(() => server?.stop());

/** Starts a server and lets `count` peers join, each in a room of its own. */
async function start(env: Record<string, string>, count = 1) {
  const started = await startTestServer(env);
  server = started;
  const transports = [];
  for (let i = 0; i < count; i++) {
    const { signalling } = started;
    const peer = await TestPeer.join({ signalling, roomId: `room-${i}` });
    const { sendTransport } = await peer.welcome();
    if (!sendTransport) {
      throw new Error('no transport');
    }
    transports.push(sendTransport);
  }
  return { ...started, transports };
}

/** Sends a request to each endpoint of the transports and expects its tuple in the port map. */
async function expectInPortMap(
  { ports, transports }: Awaited<ReturnType<typeof start>>,
  expected: number,
) {
  for (const { transportId, iceParameters } of transports) {
    const entries = (await ports.snapshot()).ports.filter((entry) =>
      entry.transports.some((one) => one.transportId === transportId),
    );
    expect(entries).toHaveLength(expected);
    for (const { protocol, ip, port } of entries) {
      await using checked = await checkIce({ protocol, address: ip, port }, iceParameters);
      expect(checked.result).toBe('success');
      const { address } = checked.from;
      const remotes = async () =>
        (await ports.snapshot()).ports.flatMap((entry) =>
          entry.transports
            .filter((one) => one.transportId === transportId && one.remote)
            .map(({ remote }) => [entry.protocol, entry.ip, entry.port, remote]),
        );
      await expect
        .poll(remotes)
        .toEqual([[protocol, ip, port, { address, port: checked.from.port }]]);
    }
  }
}

describe.each(modes)('in $mode', ({ mode, env }) => {
  test('announces every address to peers, the first with the highest priority', async () => {
    const started = await start({
      ...env,
      MEDIASOUP_ANNOUNCED_ADDRESS: '127.0.0.9,media.example.org,127.0.0.1',
    });
    const { iceCandidates } = started.transports[0] ?? { iceCandidates: [] };
    expect(iceCandidates.map(({ protocol, address }) => [protocol, address])).toEqual(
      ['udp', 'tcp'].flatMap((protocol) => [
        [protocol, '127.0.0.9'],
        [protocol, 'media.example.org'],
        [protocol, '127.0.0.1'],
      ]),
    );
    const priorities = iceCandidates.map(({ priority }) => priority);
    expect(priorities).toEqual([...new Set(priorities)].sort((a, b) => b - a));
    expect(new Set(iceCandidates.map(({ foundation }) => foundation)).size).toBe(6);
    await expectInPortMap(started, 2);
  });

  test.runIf(hasIPv6)('receives IPv4 and IPv6 at the same time', async () => {
    const started = await start({ ...env, MEDIASOUP_LISTEN_IP: '127.0.0.1,::1' });
    const { iceCandidates } = started.transports[0] ?? { iceCandidates: [] };
    expect(iceCandidates.map(({ protocol, address }) => [protocol, address])).toEqual([
      ['udp', '127.0.0.1'],
      ['udp', '::1'],
      ['tcp', '127.0.0.1'],
      ['tcp', '::1'],
    ]);
    if (mode !== 'multi-port') {
      expect(new Set(iceCandidates.map(({ port }) => port))).toEqual(new Set([started.mediaPort]));
    }
    await expectInPortMap(started, 4);
  });
});

test("announces to each worker's peers the announced port of that worker", async () => {
  const started = await start({ MEDIASOUP_NUM_WORKERS: '2', MEDIASOUP_ANNOUNCED_PORT: '30000' }, 2);
  const told = started.transports.map(({ iceCandidates }) => iceCandidates.map(({ port }) => port));
  expect(told).toEqual([
    [30000, 30000],
    [30001, 30001],
  ]);
  const { ports, why } = await started.ports.snapshot();
  expect(why).toContain('MEDIASOUP_ANNOUNCED_PORT (30000)');
  expect(ports.map(({ workerIndex, port, announced }) => [workerIndex, port, announced])).toEqual(
    [0, 0, 1, 1].map((i) => [
      i,
      started.mediaPort + i,
      [{ address: '127.0.0.1', port: 30000 + i }],
    ]),
  );
  await expectInPortMap(started, 2);
});
