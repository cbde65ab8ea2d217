/** docs/single-port.md, sections 1 and 2: what is STUN, and which transport receives it. */
import { expect, test } from 'vitest';
import { bindingRequestWith, mappedAddressOf } from '../../../testkit/clients/stun.ts';
import { skipWithPrebuiltWorker } from '../../../testkit/servers/test-worker.ts';
import {
  dataBytes,
  dtlsLikeData,
  iceOf,
  WebRtcServerHost,
} from '../../../testkit/servers/webrtc-server-host.ts';
import { bindingRequest, emptyMessage, isStun, stunTypes } from '../../src/stun/stun-message.ts';

test('SP-1.1: only first bytes 0, 1 and 2 are STUN, and only with 20 bytes and the magic cookie', async (context) => {
  skipWithPrebuiltWorker(context);
  const host = await WebRtcServerHost.start();
  const peer = await host.peer();
  const message = emptyMessage(stunTypes.request);
  const withFirst = (byte: number) => Buffer.concat([Buffer.of(byte), message.subarray(1)]);
  const otherCookie = Buffer.from(message);
  otherCookie.writeUInt32BE(0x2112a443, 4);
  await host.answersTo(peer, [
    ...Array.from({ length: 256 }, (_, byte) => withFirst(byte)),
    message.subarray(0, 19),
    otherCookie,
  ]);

  const { receiveStats } = await host.webRtcServer.dump();
  const { packets, droppedDataFromUnknownTuple } = receiveStats[0] ?? {};
  expect({ packets, droppedDataFromUnknownTuple }).toEqual({
    packets: 259,
    droppedDataFromUnknownTuple: 253 + 2,
  });
});

test('SP-2.1: each of many transports on one port answers to its own ufrag', async () => {
  const host = await WebRtcServerHost.start();
  const transports = await Promise.all(Array.from({ length: 20 }, () => host.transport()));
  const ports = await Promise.all(
    transports.map(async ({ iceParameters }) => {
      const peer = await host.peer();
      expect(await peer.check(iceParameters)).toBe('success');
      return peer.remote.port;
    }),
  );
  const selected = await Promise.all(transports.map(async (one) => (await iceOf(one)).remotePort));
  expect(selected).toEqual(ports);
  expect(new Set(transports.flatMap((one) => one.iceCandidates.map((c) => c.port))).size).toBe(1);
});

test('SP-2.1: a ufrag matches only as a whole, up to the colon', async () => {
  const host = await WebRtcServerHost.start();
  const { iceParameters } = await host.transport();
  const { usernameFragment, password } = iceParameters;
  const wrong = [usernameFragment.slice(0, -1), `${usernameFragment}x`, `x:${usernameFragment}`];
  const requests = wrong.map((ufrag) => bindingRequest({ usernameFragment: ufrag, password }));
  expect(await host.answersTo(await host.peer(), requests)).toEqual([]);
});

test('SP-2.2: a request with an unknown ufrag or none is dropped silently, and adds no tuple', async () => {
  const host = await WebRtcServerHost.start();
  const peer = await host.peer();
  const answers = await host.answersTo(peer, [
    bindingRequest({ usernameFragment: 'x'.repeat(32), password: 'x' }),
    bindingRequest({ usernameFragment: '', password: 'x' }),
    bindingRequestWith({ password: 'x' }),
    emptyMessage(stunTypes.request),
  ]);
  expect(answers).toEqual([]);
});

test('SP-2.3: a ufrag is known as soon as its transport is created, and unknown as soon as it is closed', async () => {
  const host = await WebRtcServerHost.start();
  const transport = await host.transport();
  const peer = await host.peer();
  expect(await peer.check(transport.iceParameters)).toBe('success');
  transport.close();
  expect(await host.answersTo(peer, [bindingRequest(transport.iceParameters)])).toEqual([]);
});

test('SP-2.3: no two transports have the same ufrag', async () => {
  const host = await WebRtcServerHost.start();
  const transports = await Promise.all(Array.from({ length: 100 }, () => host.transport()));
  const ufrags = transports.map(({ iceParameters }) => iceParameters.usernameFragment);
  expect(new Set(ufrags).size).toBe(100);
});

test.each([
  ['a wrong password', {}, { password: 'a guess' }, 401],
  ['no MESSAGE-INTEGRITY', { without: ['messageIntegrity'] as const }, {}, 400],
  ['no FINGERPRINT', { without: ['fingerprint'] as const }, {}, 400],
  ['no PRIORITY', { without: ['priority'] as const }, {}, 400],
])('SP-2.4: a request with %s is rejected, and adds no tuple', async (_, options, wrong, code) => {
  const host = await WebRtcServerHost.start();
  const transport = await host.transport();
  const peer = await host.peer();
  expect(await peer.check({ ...transport.iceParameters, ...wrong }, options)).toBe(code);
  await host.answersTo(peer, [dtlsLikeData]);
  expect(await dataBytes(transport)).toBe(0);
  expect(await iceOf(transport)).toEqual({ state: 'new', remotePort: undefined });
});

test('SP-2.4: a request with a wrong FINGERPRINT is dropped silently', async () => {
  const host = await WebRtcServerHost.start();
  const transport = await host.transport();
  const request = bindingRequest(transport.iceParameters);
  request.writeUInt8(request.readUInt8(request.length - 1) ^ 1, request.length - 1);
  expect(await host.answersTo(await host.peer(), [request])).toEqual([]);
  expect(await iceOf(transport)).toMatchObject({ state: 'new' });
});

test('SP-2.5: a request in the controlled role is answered with a role conflict, and adds no tuple', async () => {
  const host = await WebRtcServerHost.start();
  const transport = await host.transport();
  const peer = await host.peer();
  expect(await peer.check(transport.iceParameters, { role: 'controlled' })).toBe(487);
  expect(await iceOf(transport)).toMatchObject({ state: 'new' });
});

test('SP-2.6: responses and indications are never answered, with or without a tuple', async () => {
  const host = await WebRtcServerHost.start();
  const transport = await host.transport();
  const messages = [stunTypes.indication, stunTypes.successResponse, stunTypes.errorResponse].map(
    emptyMessage,
  );
  const stranger = await host.peer();
  expect(await host.answersTo(stranger, messages)).toEqual([]);
  const peer = await host.peer();
  expect(await peer.check(transport.iceParameters)).toBe('success');
  expect(await host.answersTo(peer, messages, transport)).toEqual([]);
});

test('SP-2.7: the response comes from the port that received the request, and contains its source address', async () => {
  const host = await WebRtcServerHost.start();
  const { iceParameters } = await host.transport();
  const [peer, other] = [await host.peer(), await host.peer()];
  for (const { check, received, remote } of [peer, other].map((one) => ({
    check: () => one.check(iceParameters),
    received: one.received,
    remote: one.remote,
  }))) {
    expect(await check()).toBe('success');
    const [answer = Buffer.alloc(0)] = received;
    expect(isStun(answer)).toBe(true);
    expect(mappedAddressOf(answer)).toEqual(remote);
  }
});
