/** docs/single-port.md, 6 and 8: how long is a ufrag good, and how long a tuple? */
import { setInterval } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { data, dataBytes, iceOf, OnePort } from '../../../testkit/clients/demultiplexing.ts';
import { DtlsPeer } from '../../../testkit/clients/dtls-peer.ts';
import { bindingRequest } from '../../src/stun/stun-message.ts';

test('SP-6.1: after a restart, both credentials are valid until the new ones are used', async () => {
  const port = await OnePort.start();
  const transport = await port.transport();
  const before = transport.iceParameters;
  const after = await transport.restartIce();
  expect(after.usernameFragment).not.toBe(before.usernameFragment);
  expect(after.password).not.toBe(before.password);

  const peer = await port.peer();
  expect(await peer.check(before)).toBe('success');
  expect(await peer.check(after)).toBe('success');
  expect(await peer.check(before)).toBe(401);
  expect(await port.answersTo(await port.peer(), [bindingRequest(before)])).toEqual([]);
});

test('SP-6.2: a restart drops no tuple', async () => {
  const port = await OnePort.start();
  const transport = await port.transport();
  const peer = await port.peer();
  expect(await peer.check(transport.iceParameters)).toBe('success');
  await transport.restartIce();
  await port.answersTo(peer, [data], transport);
  expect(await dataBytes(transport)).toBe(data.length);
});

test('SP-6.3: a second restart invalidates the credentials from before the first', async () => {
  const port = await OnePort.start();
  const transport = await port.transport();
  const first = transport.iceParameters;
  const second = await transport.restartIce();
  const third = await transport.restartIce();
  const stranger = await port.peer();
  expect(await port.answersTo(stranger, [bindingRequest(first)])).toEqual([]);
  const peer = await port.peer();
  expect(await peer.check(second)).toBe('success');
  expect(await peer.check(third)).toBe('success');
});

test('SP-8.1, SP-8.2: without requests all tuples are dropped, even with data arriving, and the next request restores the transport', async () => {
  const port = await OnePort.start();
  // mediasoup's shortest; its default is 30 seconds.
  const transport = await port.transport({ iceConsentTimeout: 10 });
  const client = await DtlsPeer.openTo(transport);
  await client.connect(transport);
  const disconnected = new Promise<void>((resolve) => {
    transport.on('icestatechange', (state) => {
      if (state === 'disconnected') {
        resolve();
      }
    });
  });
  const stop = new AbortController();
  void disconnected.then(() => stop.abort());
  try {
    for await (const _ of setInterval(500, undefined, { signal: stop.signal })) {
      client.send(data);
    }
  } catch (error) {
    if (!stop.signal.aborted) {
      throw error;
    }
  }
  expect(await iceOf(transport)).toEqual({ state: 'disconnected', remotePort: undefined });

  const before = await dataBytes(transport);
  client.send(data);
  expect(await client.check(transport.iceParameters)).toBe('success');
  expect(await dataBytes(transport)).toBe(before);
  client.send(data);
  expect(await client.check(transport.iceParameters)).toBe('success');
  expect(await dataBytes(transport)).toBe(before + data.length);
  expect((await iceOf(transport)).state).toBe('completed');
  expect(transport.dtlsState).toBe('connected');
}, 60_000);
