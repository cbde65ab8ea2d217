import { expect, onTestFinished, test } from 'vitest';
import { freePorts } from '../../testkit/servers/free-ports.ts';
import { startServerProcess } from '../../testkit/servers/server-process.ts';
import { UdpTap } from '../../testkit/system/udp-tap.ts';
import { NoPeerError, runLoad } from './load-run.ts';

/** Servers and processes start slowly while other tests use all cores. */
const timeout = 90_000;

test('peers receive every packet of each other, and one that cannot join says why', {
  timeout,
}, async () => {
  const server = await startServerProcess({ MAX_PEERS_PER_ROOM: '3' });
  onTestFinished(() => server.stop());
  let live = 0;
  // Without video, so that no buffer overflows while the tests beside this one use all cores.
  const report = await runLoad({
    ...{ url: server.url, codec: 'opus', rooms: 1, peers: 4, publishers: 4 },
    ...{ seconds: 2, joinsPerSecond: 20 },
    onLive: ({ packets }) => {
      live = packets.received;
    },
  });
  expect(report).toMatchObject({ joined: 3, lost: {}, streams: 6, silentStreams: 0, loss: 0 });
  expect(Object.entries(report.failed)).toEqual([[expect.stringContaining('4429'), 1]]);
  expect(report.packets).toMatchObject({ recovered: 0, lost: 0 });
  expect(report.packets.received).toBe(report.packets.expected);
  // Each of the three receives what two others send.
  expect(report.packets.received).toBeGreaterThan(report.sent);
  expect(report.delay.p50).toBeGreaterThan(0);
  expect(report.generator).toMatchObject({ processes: 1, dropped: 0 });
  expect(live).toBeGreaterThan(0);
});

test('a server that is down ends the run at the first peer', { timeout }, async () => {
  const port = await freePorts(1);
  const joins: number[] = [];
  const run = runLoad({
    ...{ url: `http://127.0.0.1:${port}`, codec: 'opus', rooms: 1, peers: 4, publishers: 4 },
    ...{ seconds: 60, joinsPerSecond: 20 },
    onJoined: (_, failed) => joins.push(failed),
  });
  await expect(run).rejects.toThrow(NoPeerError);
  await expect(run).rejects.toThrow('ECONNREFUSED');
  expect(joins).toEqual([1]);
});

test('video that a relay drops is counted as lost, and recovered by asking for it again', {
  timeout,
}, async () => {
  const server = await startServerProcess({ MEDIASOUP_ANNOUNCED_ADDRESS: UdpTap.address });
  onTestFinished(() => server.stop());
  const relay = await UdpTap.open(server.mediaPort);
  onTestFinished(() => relay.close());
  let n = 0;
  // RTP and RTCP begin with version 2 (RFC 7983). Every tenth packet to a peer is dropped.
  relay.passesBack = ([first = 0]) => first >> 6 !== 2 || ++n % 10 > 0;
  const report = await runLoad({
    ...{ url: server.url, codec: 'vp8', rooms: 1, peers: 3, publishers: 1 },
    ...{ seconds: 2, joinsPerSecond: 20 },
  });
  expect(report).toMatchObject({ joined: 3, failed: {}, lost: {}, streams: 4, silentStreams: 0 });
  const { expected, received, recovered, lost } = report.packets;
  expect(report.loss).toBeGreaterThan(0.05);
  expect(recovered).toBeGreaterThan(0);
  expect(received).toBe(expected - lost);
});
