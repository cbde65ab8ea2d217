import type { types } from 'mediasoup';
import { beforeEach, expect, test } from 'vitest';
import { dtlsRecord } from '../testkit/clients/dtls-client.ts';
import { DtlsPeer, dtlsState, makeCertificate } from '../testkit/clients/dtls-peer.ts';
import { skipWithPrebuiltWorker } from '../testkit/servers/test-worker.ts';
import { twoTransports } from '../testkit/servers/webrtc-server-host.ts';

beforeEach(skipWithPrebuiltWorker);

/** A handshake message of epoch 0 (RFC 6347, 4.1), such as a retransmission. A connected transport drops it. */
const stale = dtlsRecord(22, Buffer.alloc(12));
/** A fatal alert, handshake_failure (RFC 5246, 7.2). */
const fatalAlert = dtlsRecord(21, Buffer.from([2, 40]));

type Fail = (transport: types.WebRtcTransport, client: DtlsPeer) => Promise<void>;

test.for<[string, Fail]>([
  ['is aborted', async (transport) => transport.close()],
  [
    'fails',
    async (transport, client) => {
      const failed = dtlsState(transport, 'failed');
      client.send(fatalAlert);
      await failed;
    },
  ],
])(
  'SP-10.2: a connected transport stays connected when the DTLS handshake of another one %s',
  async ([, fail]) => {
    const [connected, failing] = await twoTransports();
    const client = await DtlsPeer.openTo(connected);
    const dtls = await client.connect(connected);
    const another = await DtlsPeer.openTo(failing);
    const { fingerprint } = makeCertificate();
    await failing.connect({
      dtlsParameters: {
        role: 'client',
        fingerprints: [{ algorithm: 'sha-256', value: fingerprint }],
      },
    });
    expect(await another.check(failing.iceParameters)).toBe('success');
    await fail(failing, another);
    client.send(stale);
    // A socket's datagrams are processed in order: after this response the worker has processed the record.
    expect(await client.check(connected.iceParameters)).toBe('success');
    expect((await connected.dump()).dtlsState).toBe('connected');
    const closed = dtlsState(connected, 'closed');
    dtls.closeDtls();
    await closed;
  },
);
