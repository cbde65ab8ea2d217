/** docs/single-port.md, section 9: TCP. */
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { check, closed, open, readFrame } from '../../../testkit/clients/tcp-demultiplexer.ts';
import {
  dataBytes,
  dtlsLikeData,
  iceOf,
  WebRtcServerHost,
} from '../../../testkit/servers/webrtc-server-host.ts';
import { framed } from '../../src/stun/stun-check.ts';
import { bindingRequest, bindingResult } from '../../src/stun/stun-message.ts';

test('SP-9.1: frames may arrive in pieces or together, with empty ones between', async () => {
  const host = await WebRtcServerHost.start();
  const transport = await host.transport();
  const socket = await open(host.address.port);
  const frame = framed(bindingRequest(transport.iceParameters));
  for (const byte of frame) {
    socket.write(Buffer.of(byte));
  }
  expect(bindingResult(await readFrame(socket))).toBe('success');

  const nothing = framed(Buffer.alloc(0));
  const next = framed(bindingRequest(transport.iceParameters));
  socket.write(Buffer.concat([framed(dtlsLikeData), nothing, nothing, framed(dtlsLikeData), next]));
  expect(bindingResult(await readFrame(socket))).toBe('success');
  expect(await dataBytes(transport)).toBe(2 * dtlsLikeData.length);
});

test('SP-9.2: a frame of 65,534 bytes is accepted, a longer one ends the connection', async () => {
  const host = await WebRtcServerHost.start();
  const transport = await host.transport();
  const socket = await open(host.address.port);
  expect(await check(socket, transport.iceParameters)).toBe('success');
  socket.write(framed(Buffer.alloc(65_534, dtlsLikeData)));
  expect(await check(socket, transport.iceParameters)).toBe('success');
  expect(await dataBytes(transport)).toBe(65_534);

  socket.write(framed(Buffer.alloc(65_535, dtlsLikeData)));
  await closed(socket);
  await expect.poll(() => iceOf(transport)).toMatchObject({ state: 'disconnected' });
});

test('SP-9.3: the first request on a connection decides its transport', async () => {
  const host = await WebRtcServerHost.start();
  const [one, other] = [await host.transport(), await host.transport()];
  const [first, second] = [await open(host.address.port), await open(host.address.port)];
  first.write(framed(dtlsLikeData));
  expect(await check(first, one.iceParameters)).toBe('success');
  expect(await check(second, other.iceParameters)).toBe('success');
  expect(await check(first, other.iceParameters)).toBe(401);
  expect([await dataBytes(one), await dataBytes(other)]).toEqual([0, 0]);
  first.write(framed(dtlsLikeData));
  expect(await check(first, one.iceParameters)).toBe('success');
  expect([await dataBytes(one), await dataBytes(other)]).toEqual([dtlsLikeData.length, 0]);
});

test('SP-9.4: a connection that ends removes its tuple, and another tuple is selected', async () => {
  const host = await WebRtcServerHost.start();
  const transport = await host.transport();
  const peer = await host.peer();
  expect(await peer.check(transport.iceParameters)).toBe('success');
  const socket = await open(host.address.port);
  expect(await check(socket, transport.iceParameters)).toBe('success');
  expect(await iceOf(transport)).toMatchObject({ remotePort: socket.localPort });

  const selected = once(transport, 'iceselectedtuplechange');
  socket.destroy();
  await selected;
  expect(await iceOf(transport)).toEqual({ state: 'completed', remotePort: peer.remote.port });
});

test('SP-9.5: removing a tuple ends its connection', async () => {
  const host = await WebRtcServerHost.start();
  const transport = await host.transport();
  const socket = await open(host.address.port);
  expect(await check(socket, transport.iceParameters)).toBe('success');
  transport.close();
  await closed(socket);
});
