import { setImmediate } from 'node:timers/promises';
import type { types } from 'mediasoup';
import { beforeEach, expect, test } from 'vitest';
import { dtlsRecord } from '../testkit/clients/dtls-client.ts';
import { DtlsPeer } from '../testkit/clients/dtls-peer.ts';
import { skipWithPrebuiltWorker } from '../testkit/servers/test-worker.ts';
import { twoTransports } from '../testkit/servers/webrtc-server-host.ts';

beforeEach(skipWithPrebuiltWorker);

test('SP-4.3, SP-10.2: unauthenticated DTLS data does not change the selected tuple of a connected transport', async () => {
  const [transport] = await twoTransports();
  const client = await DtlsPeer.openTo(transport);
  const elsewhere = await DtlsPeer.openTo(transport);
  expect(await elsewhere.check(transport.iceParameters)).toBe('success');
  await client.connect(transport);
  expect(await selectedPort(transport)).toBe(client.port);
  elsewhere.send(dtlsRecord(22, Buffer.alloc(12)));
  // Does not nominate. Its response means that the worker has processed the record.
  expect(await elsewhere.check(transport.iceParameters, { without: ['useCandidate'] })).toBe(
    'success',
  );
  expect(await selectedPort(transport)).toBe(client.port);
  expect(await elsewhere.check(transport.iceParameters)).toBe('success');
  expect(await selectedPort(transport)).toBe(elsewhere.port);
});

/** The worker notifies of a new tuple before it responds to the dump, and mediasoup emits that in the next turn. */
async function selectedPort(transport: types.WebRtcTransport): Promise<number | undefined> {
  await transport.dump();
  await setImmediate();
  return transport.iceSelectedTuple?.remotePort;
}
