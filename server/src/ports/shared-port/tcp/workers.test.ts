import { once } from 'node:events';
import type { Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import type { types } from 'mediasoup';
import { expect, test } from 'vitest';
import {
  bindUdp,
  dtlsState,
  makeCertificate,
  startDtls,
} from '../../../../../testkit/clients/dtls-peer.ts';
import {
  check,
  closed,
  firstFrame,
  open,
  readFrame,
  startTcpDemultiplexer,
} from '../../../../../testkit/clients/tcp-demultiplexer.ts';
import { freePorts } from '../../../../../testkit/servers/free-ports.ts';
import { startTestWorker } from '../../../../../testkit/servers/test-worker.ts';
import { framed } from '../../../stun/stun-check.ts';
import { bindingResult } from '../../../stun/stun-message.ts';
import type { Target } from './tcp-demultiplexer.ts';

/** Workers behind a demultiplexer that finds them by ufrag. */
async function startHost(numWorkers: number) {
  const targets = new Map<string, Target>();
  const { demultiplexer, port } = await startTcpDemultiplexer({
    targetOf: (ufrag) => targets.get(ufrag),
  });
  const first = await freePorts(numWorkers);
  const workers = await Promise.all(
    Array.from({ length: numWorkers }, (_, i) => startWorker(first + i)),
  );
  const place = async (index: number) => {
    const { router, webRtcServer, target } = workers[index] as (typeof workers)[number];
    const transport = await router.createWebRtcTransport({ webRtcServer, enableTcp: true });
    targets.set(transport.iceParameters.usernameFragment, target);
    return transport;
  };
  return { demultiplexer, port, workers: workers.map(({ worker }) => worker), place };
}

async function startWorker(port: number) {
  const worker = await startTestWorker();
  const target = { host: '127.0.0.1', port };
  const webRtcServer = await worker.createWebRtcServer({
    listenInfos: [{ protocol: 'tcp', ip: target.host, port }],
  });
  const router = await worker.createRouter({ mediaCodecs: [] });
  return { worker, webRtcServer, router, target };
}

/** Waits until the transport has a tuple. */
async function tupleOf(transport: types.WebRtcTransport): Promise<types.TransportTuple> {
  await expect.poll(() => transport.iceSelectedTuple).toBeDefined();
  return transport.iceSelectedTuple as types.TransportTuple;
}

test("joins each peer with the worker that has its ufrag, and knows the peer's address", async () => {
  const { demultiplexer, port, place } = await startHost(2);
  for (let i = 0; i < 8; i++) {
    const transport = await place(i % 2);
    const peer = await open(port, { localAddress: `127.0.1.${i + 1}` });
    expect(await check(peer, transport.iceParameters)).toBe('success');
    expect(await check(peer, transport.iceParameters)).toBe('success');

    const { protocol, localPort, remoteIp, remotePort } = await tupleOf(transport);
    expect({ protocol, remoteIp }).toEqual({ protocol: 'tcp', remoteIp: '127.0.0.1' });
    expect(demultiplexer.remoteOf(localPort, remotePort as number)).toEqual({
      address: `127.0.1.${i + 1}`,
      port: peer.localPort,
    });
  }
  expect(demultiplexer.counters()).toMatchObject({ accepted: 8, ice: 8 });
});

test('passes a first frame in segments of one byte to its worker', async () => {
  const { port, place } = await startHost(2);
  const transport = await place(1);
  const peer = await open(port);
  for (const byte of firstFrame(transport.iceParameters)) {
    peer.write(Buffer.of(byte));
    await turn();
  }
  expect(bindingResult(await readFrame(peer))).toBe('success');
});

test('passes a request with a wrong password to the worker, which rejects it', async () => {
  const { port, place } = await startHost(1);
  const { usernameFragment } = (await place(0)).iceParameters;
  const peer = await open(port);
  expect(await check(peer, { usernameFragment, password: 'wrong' })).toBe(401);
});

test('completes DTLS through the demultiplexer', async () => {
  const { port, place } = await startHost(2);
  const transport = await place(1);
  const peer = await open(port);
  const certificate = makeCertificate();
  await transport.connect({
    dtlsParameters: {
      role: 'client',
      fingerprints: [{ algorithm: 'sha-256', value: certificate.fingerprint }],
    },
  });
  expect(await check(peer, transport.iceParameters)).toBe('success');
  const connected = dtlsState(transport, 'connected');
  startDtls(await relayDatagrams(peer), certificate);
  await connected;
});

test('ends only the connections of a worker that dies', async () => {
  const { demultiplexer, port, workers, place } = await startHost(2);
  const transports = [await place(0), await place(1)] as const;
  const peers = [await open(port), await open(port)] as const;
  for (const i of [0, 1] as const) {
    expect(await check(peers[i], transports[i].iceParameters)).toBe('success');
  }
  const { localPort, remotePort } = await tupleOf(transports[0]);

  const died = once(workers[0] as types.Worker, 'died');
  process.kill((workers[0] as types.Worker).pid, 'SIGKILL');
  await Promise.all([died, closed(peers[0])]);
  await expect.poll(() => demultiplexer.remoteOf(localPort, remotePort as number)).toBeUndefined();
  expect(await check(peers[1], transports[1].iceParameters)).toBe('success');

  const late = await open(port);
  late.write(firstFrame(transports[0].iceParameters));
  await closed(late);
  expect(demultiplexer.counters()).toMatchObject({ ice: 3, workerUnreachable: 1 });
});

test('ends the connection of a transport that is closed', async () => {
  const { demultiplexer, port, place } = await startHost(1);
  const transport = await place(0);
  const peer = await open(port);
  expect(await check(peer, transport.iceParameters)).toBe('success');
  const { localPort, remotePort } = await tupleOf(transport);
  transport.close();
  await closed(peer);
  await expect.poll(() => demultiplexer.remoteOf(localPort, remotePort as number)).toBeUndefined();
});

/** A UDP port for a DTLS client. Each of its datagrams is sent as a frame of the connection. */
async function relayDatagrams(peer: Socket): Promise<number> {
  const relay = await bindUdp();
  relay.once('message', async (_, { port }) => {
    try {
      for (;;) {
        relay.send(await readFrame(peer), port, '127.0.0.1');
      }
    } catch {
      // The connection was closed.
    }
  });
  relay.on('message', (message) => peer.write(framed(message)));
  return relay.address().port;
}
