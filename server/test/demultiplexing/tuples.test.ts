/** docs/single-port.md, sections 3 to 5, 7 and 10: which transport receives data. */
import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import { dtlsRecord } from '../../../testkit/clients/dtls-client.ts';
import { DtlsPeer, dtlsState } from '../../../testkit/clients/dtls-peer.ts';
import { keyingMaterialBytes, SrtpSender, senderReport } from '../../../testkit/clients/srtp.ts';
import { skipWithPrebuiltWorker } from '../../../testkit/servers/test-worker.ts';
import {
  dataBytes,
  dtlsLikeData,
  iceOf,
  TwoTuples,
  WebRtcServerHost,
} from '../../../testkit/servers/webrtc-server-host.ts';
import { tryBind } from '../../src/ports/bind-check.ts';
import { bindingRequest } from '../../src/stun/stun-message.ts';

const ssrc = 1234;
const payload = Buffer.alloc(100);

test('SP-3.1: dtlsLikeData is delivered to the transport of its tuple, among others on the port', async () => {
  const host = await WebRtcServerHost.start();
  const transports = await Promise.all(Array.from({ length: 10 }, () => host.transport()));
  for (const [n, transport] of transports.entries()) {
    const peer = await host.peer();
    expect(await peer.check(transport.iceParameters)).toBe('success');
    await host.answersTo(peer, Array(n).fill(dtlsLikeData), transport);
  }
  const bytes = await Promise.all(transports.map(dataBytes));
  expect(bytes).toEqual(transports.map((_, n) => n * dtlsLikeData.length));
});

test('SP-3.1: several transports complete DTLS on one port at once', async () => {
  const host = await WebRtcServerHost.start();
  const transports = await Promise.all([host.transport(), host.transport(), host.transport()]);
  await Promise.all(
    transports.map(async (transport) => (await DtlsPeer.openTo(transport)).connect(transport)),
  );
  expect(transports.map(({ dtlsState }) => dtlsState)).toEqual(Array(3).fill('connected'));
});

test('SP-3.2: dtlsLikeData from an unknown tuple is dropped silently, even if a request with a known ufrag follows', async () => {
  const host = await WebRtcServerHost.start();
  const transport = await host.transport();
  const peer = await host.peer();
  expect(await host.answersTo(peer, [dtlsLikeData, dtlsLikeData], transport)).toEqual([]);
  expect(await dataBytes(transport)).toBe(0);
  await host.answersTo(peer, [dtlsLikeData], transport);
  expect(await dataBytes(transport)).toBe(dtlsLikeData.length);
});

test('SP-3.3: the same remote address is another tuple at another local address', async () => {
  const host = await WebRtcServerHost.start(['127.0.0.1', '127.0.0.2']);
  const transport = await host.transport();
  const socket = createSocket('udp4');
  onTestFinished(() => {
    socket.close();
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const send = (bytes: Buffer, ip: string) => socket.send(bytes, host.address.port, ip);
  const check = async (ip: string) => {
    const answer = once(socket, 'message');
    send(bindingRequest(transport.iceParameters), ip);
    expect((await answer)[1].address).toBe(ip);
  };
  await check('127.0.0.1');
  send(dtlsLikeData, '127.0.0.2');
  await check('127.0.0.2');
  expect(await dataBytes(transport)).toBe(0);
  send(dtlsLikeData, '127.0.0.2');
  await check('127.0.0.2');
  expect(await dataBytes(transport)).toBe(dtlsLikeData.length);
});

test('SP-4.1: a request verifies its tuple, also without a nomination', async () => {
  const host = await WebRtcServerHost.start();
  const transport = await host.transport();
  const peer = await host.peer();
  const ice = transport.iceParameters;
  expect(await peer.check(ice, { without: ['useCandidate'] })).toBe('success');
  expect(await iceOf(transport)).toEqual({ state: 'connected', remotePort: peer.remote.port });
  expect(await peer.check(ice)).toBe('success');
  expect(await iceOf(transport)).toEqual({ state: 'completed', remotePort: peer.remote.port });
});

test('SP-4.2: a transport keeps eight tuples, and a ninth replaces the oldest that is not selected', async () => {
  const host = await WebRtcServerHost.start();
  const transport = await host.transport();
  const peers = [];
  for (let n = 0; n < 9; n++) {
    const peer = await host.peer();
    const without = n === 0 ? [] : (['useCandidate'] as const);
    expect(await peer.check(transport.iceParameters, { without })).toBe('success');
    peers.push(peer);
  }
  // The first is selected, so the second was dropped.
  const [first, second, ...others] = peers;
  expect(await iceOf(transport)).toMatchObject({ remotePort: first?.remote.port });
  if (!second) {
    throw new Error('nine were made');
  }
  await host.answersTo(second, [dtlsLikeData]);
  expect(await dataBytes(transport)).toBe(0);
  for (const [n, peer] of others.entries()) {
    await host.answersTo(peer, [dtlsLikeData], transport);
    expect(await dataBytes(transport)).toBe((n + 1) * dtlsLikeData.length);
  }
});

test('SP-4.3: a nomination selects the tuple that the transport sends to', async () => {
  const host = await WebRtcServerHost.start();
  const transport = await host.transport();
  const ice = transport.iceParameters;
  const [one, other] = [await host.peer(), await host.peer()];
  expect(await one.check(ice)).toBe('success');
  expect(await other.check(ice, { without: ['useCandidate'] })).toBe('success');
  expect(await iceOf(transport)).toMatchObject({ remotePort: one.remote.port });
  expect(await other.check(ice)).toBe('success');
  expect(await iceOf(transport)).toMatchObject({ remotePort: other.remote.port });
  expect(await one.check(ice)).toBe('success');
  expect(await iceOf(transport)).toMatchObject({ remotePort: one.remote.port });
});

test('SP-4.3: DTLS selects its tuple until it is connected, and no longer', async (context) => {
  skipWithPrebuiltWorker(context);
  const host = await WebRtcServerHost.start();
  const transport = await host.transport();
  const { selected, other } = await TwoTuples.of(transport);
  await other.connectDtls(transport);
  expect(await iceOf(transport)).toMatchObject({ remotePort: other.port });

  selected.send(dtlsRecord(22, Buffer.alloc(12)));
  const without = ['useCandidate'] as const;
  expect(await selected.check(transport.iceParameters, { without })).toBe('success');
  expect(await iceOf(transport)).toMatchObject({ remotePort: other.port });
});

test('SP-4.3: RTP that can be decrypted selects its tuple, and RTCP never does', async () => {
  const host = await WebRtcServerHost.start();
  const transport = await host.transport();
  const tuples = await TwoTuples.of(transport);
  const stranger = new SrtpSender(randomBytes(keyingMaterialBytes), ssrc, 111);
  expect(await tuples.selects(stranger.next(payload))).toBe(false);
  const { keyingMaterial } = await tuples.selected.connectDtls(transport);
  const srtp = new SrtpSender(keyingMaterial, ssrc, 111);

  expect(await tuples.selects(srtp.next(payload))).toBe(true);
  const changed = srtp.next(payload);
  changed.writeUInt8(changed.readUInt8(20) ^ 1, 20);
  expect(await tuples.selects(changed)).toBe(false);
  expect(await tuples.selects(stranger.next(payload))).toBe(false);
  expect(await tuples.selects(srtp.rtcp(senderReport(ssrc, 1), 1))).toBe(false);
  expect(await tuples.selects(srtp.next(payload))).toBe(true);
});

test('SP-5.1: the tuples of a closed transport are free', async () => {
  const host = await WebRtcServerHost.start();
  const [closing, next] = [await host.transport(), await host.transport()];
  const peer = await host.peer();
  expect(await peer.check(closing.iceParameters)).toBe('success');
  closing.close();
  expect(await host.answersTo(peer, [dtlsLikeData], next)).toEqual([]);
  expect(await dataBytes(next)).toBe(0);
  expect(await iceOf(next)).toEqual({ state: 'completed', remotePort: peer.remote.port });
});

test('SP-5.2: a closed WebRtcServer closes its transports and frees its port', async () => {
  const host = await WebRtcServerHost.start();
  const transport = await host.transport();
  const closed = once(transport, 'listenserverclose');
  expect(await tryBind('udp', '127.0.0.1', host.address.port)).toBeDefined();
  host.webRtcServer.close();
  await closed;
  await expect.poll(() => tryBind('udp', '127.0.0.1', host.address.port)).toBeUndefined();
  await expect.poll(() => tryBind('tcp', '127.0.0.1', host.address.port)).toBeUndefined();
});

test('SP-7.1: a transport follows its peer to a verified new address, and keeps the old one', async () => {
  const host = await WebRtcServerHost.start();
  const transport = await host.transport();
  const [before, after] = [await host.peer(), await host.peer()];
  expect(await before.check(transport.iceParameters)).toBe('success');
  expect(await after.check(transport.iceParameters)).toBe('success');
  expect(await iceOf(transport)).toMatchObject({ remotePort: after.remote.port });
  await host.answersTo(before, [dtlsLikeData], transport);
  expect(await dataBytes(transport)).toBe(dtlsLikeData.length);
});

test('SP-7.2: dtlsLikeData alone from a new address has no effect', async () => {
  const host = await WebRtcServerHost.start();
  const transport = await host.transport();
  const [before, after] = [await host.peer(), await host.peer()];
  expect(await before.check(transport.iceParameters)).toBe('success');
  await host.answersTo(after, [dtlsLikeData]);
  expect(await dataBytes(transport)).toBe(0);
  expect(await iceOf(transport)).toMatchObject({ remotePort: before.remote.port });
});

test('SP-10.1: a request with a known ufrag and a wrong password changes nothing', async () => {
  const host = await WebRtcServerHost.start();
  const transport = await host.transport();
  const [peer, forger] = [await host.peer(), await host.peer()];
  expect(await peer.check(transport.iceParameters)).toBe('success');
  expect(await forger.check({ ...transport.iceParameters, password: 'a guess' })).toBe(401);
  await host.answersTo(forger, [dtlsLikeData]);
  expect(await dataBytes(transport)).toBe(0);
  expect(await iceOf(transport)).toEqual({ state: 'completed', remotePort: peer.remote.port });
});

test("SP-10.2: dtlsLikeData with a peer's forged source reaches its transport, where DTLS and SRTP reject it", async () => {
  const host = await WebRtcServerHost.start();
  const transport = await host.transport();
  const client = await DtlsPeer.openTo(transport);
  const dtls = await client.connect(transport);
  const before = await dataBytes(transport);
  // For the worker, a packet from the peer's own socket looks like one with a forged source.
  for (const first of [22, 23, 0x80, 0xff]) {
    client.send(Buffer.alloc(100, first));
  }
  await expect.poll(() => dataBytes(transport)).toBe(before + 400);
  expect(transport.dtlsState).toBe('connected');

  const closed = dtlsState(transport, 'closed');
  dtls.closeDtls();
  await closed;
});
