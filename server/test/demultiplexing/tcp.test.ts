/** docs/single-port.md, 9: the same over TCP. */
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { data, dataBytes, iceOf, OnePort } from '../../../testkit/clients/demultiplexing.ts';
import { check, closed, open, readFrame } from '../../../testkit/clients/tcp-demultiplexer.ts';
import { framed } from '../../src/stun/stun-check.ts';
import { bindingRequest, bindingResult } from '../../src/stun/stun-message.ts';

test('SP-9.1: frames may arrive in pieces or together, with empty ones between', async () => {
  const port = await OnePort.start();
  const transport = await port.transport();
  const socket = await open(port.address.port);
  const frame = framed(bindingRequest(transport.iceParameters));
  for (const byte of frame) {
    socket.write(Buffer.of(byte));
  }
  expect(bindingResult(await readFrame(socket))).toBe('success');

  const nothing = framed(Buffer.alloc(0));
  const next = framed(bindingRequest(transport.iceParameters));
  socket.write(Buffer.concat([framed(data), nothing, nothing, framed(data), next]));
  expect(bindingResult(await readFrame(socket))).toBe('success');
  expect(await dataBytes(transport)).toBe(2 * data.length);
});

test('SP-9.2: a frame of 65,534 bytes is accepted, a longer one ends the connection', async () => {
  const port = await OnePort.start();
  const transport = await port.transport();
  const socket = await open(port.address.port);
  expect(await check(socket, transport.iceParameters)).toBe('success');
  socket.write(framed(Buffer.alloc(65_534, data)));
  expect(await check(socket, transport.iceParameters)).toBe('success');
  expect(await dataBytes(transport)).toBe(65_534);

  socket.write(framed(Buffer.alloc(65_535, data)));
  await closed(socket);
  await expect.poll(() => iceOf(transport)).toMatchObject({ state: 'disconnected' });
});

test('SP-9.3: the first request on a connection decides its transport', async () => {
  const port = await OnePort.start();
  const [one, other] = [await port.transport(), await port.transport()];
  const [first, second] = [await open(port.address.port), await open(port.address.port)];
  first.write(framed(data));
  expect(await check(first, one.iceParameters)).toBe('success');
  expect(await check(second, other.iceParameters)).toBe('success');
  expect(await check(first, other.iceParameters)).toBe(401);
  expect([await dataBytes(one), await dataBytes(other)]).toEqual([0, 0]);
  first.write(framed(data));
  expect(await check(first, one.iceParameters)).toBe('success');
  expect([await dataBytes(one), await dataBytes(other)]).toEqual([data.length, 0]);
});

test('SP-9.4: a connection that ends removes its tuple, and another tuple is selected', async () => {
  const port = await OnePort.start();
  const transport = await port.transport();
  const peer = await port.peer();
  expect(await peer.check(transport.iceParameters)).toBe('success');
  const socket = await open(port.address.port);
  expect(await check(socket, transport.iceParameters)).toBe('success');
  expect(await iceOf(transport)).toMatchObject({ remotePort: socket.localPort });

  const selected = once(transport, 'iceselectedtuplechange');
  socket.destroy();
  await selected;
  expect(await iceOf(transport)).toEqual({ state: 'completed', remotePort: peer.remote.port });
});

test('SP-9.5: removing a tuple ends its connection', async () => {
  const port = await OnePort.start();
  const transport = await port.transport();
  const socket = await open(port.address.port);
  expect(await check(socket, transport.iceParameters)).toBe('success');
  transport.close();
  await closed(socket);
});
