/** docs/single-port.md, sections 6 and 8: the lifetimes of ufrags and tuples. */
import { setInterval } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { DtlsPeer } from '../../../testkit/clients/dtls-peer.ts';
import {
  dataBytes,
  dtlsLikeData,
  iceOf,
  WebRtcServerHost,
} from '../../../testkit/servers/webrtc-server-host.ts';
import { bindingRequest } from '../../src/stun/stun-message.ts';

test('SP-6.1: after a restart, both credentials are valid until the new ones are used', async () => {
  const host = await WebRtcServerHost.start();
  const transport = await host.transport();
  const before = transport.iceParameters;
  const after = await transport.restartIce();
  expect(after.usernameFragment).not.toBe(before.usernameFragment);
  expect(after.password).not.toBe(before.password);

  const peer = await host.peer();
  expect(await peer.check(before)).toBe('success');
  expect(await peer.check(after)).toBe('success');
  expect(await peer.check(before)).toBe(401);
  expect(await host.answersTo(await host.peer(), [bindingRequest(before)])).toEqual([]);
});

test('SP-6.2: a restart drops no tuple', async () => {
  const host = await WebRtcServerHost.start();
  const transport = await host.transport();
  const peer = await host.peer();
  expect(await peer.check(transport.iceParameters)).toBe('success');
  await transport.restartIce();
  await host.answersTo(peer, [dtlsLikeData], transport);
  expect(await dataBytes(transport)).toBe(dtlsLikeData.length);
});

test('SP-6.3: a second restart invalidates the credentials from before the first', async () => {
  const host = await WebRtcServerHost.start();
  const transport = await host.transport();
  const first = transport.iceParameters;
  const second = await transport.restartIce();
  const third = await transport.restartIce();
  const stranger = await host.peer();
  expect(await host.answersTo(stranger, [bindingRequest(first)])).toEqual([]);
  const peer = await host.peer();
  expect(await peer.check(second)).toBe('success');
  expect(await peer.check(third)).toBe('success');
});

test('SP-8.1, SP-8.2: without requests all tuples are dropped, even with dtlsLikeData arriving, and the next request restores the transport', async () => {
  const host = await WebRtcServerHost.start();
  // The minimum; mediasoup's default is 30 seconds.
  const transport = await host.transport({ iceConsentTimeout: 10 });
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
      client.send(dtlsLikeData);
    }
  } catch (error) {
    if (!stop.signal.aborted) {
      throw error;
    }
  }
  expect(await iceOf(transport)).toEqual({ state: 'disconnected', remotePort: undefined });

  const before = await dataBytes(transport);
  client.send(dtlsLikeData);
  expect(await client.check(transport.iceParameters)).toBe('success');
  expect(await dataBytes(transport)).toBe(before);
  client.send(dtlsLikeData);
  expect(await client.check(transport.iceParameters)).toBe('success');
  expect(await dataBytes(transport)).toBe(before + dtlsLikeData.length);
  expect((await iceOf(transport)).state).toBe('completed');
  expect(transport.dtlsState).toBe('connected');
}, 60_000);
