import { setImmediate } from 'node:timers/promises';
import type { types } from 'mediasoup';
import { beforeEach, expect, test } from 'vitest';
import { dtlsRecord } from '../testkit/clients/dtls-client.ts';
import { DtlsPeer } from '../testkit/clients/dtls-peer.ts';
import { twoTransports } from '../testkit/clients/two-transports.ts';
import { skipWithPrebuiltWorker } from '../testkit/servers/test-worker.ts';

beforeEach(skipWithPrebuiltWorker);

test('SP-4.3, SP-10.2: what only looks like DTLS moves no media of a connected transport to another pair', async () => {
  const [transport] = await twoTransports();
  const client = await DtlsPeer.openTo(transport);
  const elsewhere = await DtlsPeer.openTo(transport);
  expect(await elsewhere.check(transport.iceParameters)).toBe('success');
  await client.connect(transport);
  expect(await selectedPort(transport)).toBe(client.port);

  elsewhere.send(dtlsRecord(22, Buffer.alloc(12)));
  // Selects nothing, and is answered when the record has been seen.
  expect(await elsewhere.check(transport.iceParameters, { without: ['useCandidate'] })).toBe(
    'success',
  );
  expect(await selectedPort(transport)).toBe(client.port);

  expect(await elsewhere.check(transport.iceParameters)).toBe('success');
  expect(await selectedPort(transport)).toBe(elsewhere.port);
});

/** Where the media goes: the worker has told it before it answers anything, mediasoup emits it in the next turn. */
async function selectedPort(transport: types.WebRtcTransport): Promise<number | undefined> {
  await transport.dump();
  await setImmediate();
  return transport.iceSelectedTuple?.remotePort;
}
