import { createWorker } from 'mediasoup';
import { expect, onTestFinished, test } from 'vitest';
import { workerOfTests } from '../servers/test-worker.ts';
import { DtlsPeer } from './dtls-peer.ts';

// patches/dtls-bio-callback-result.patch: a worker without it dies here, when its OpenSSL knows KTLS.
test('the worker completes a DTLS handshake with openssl s_client', async () => {
  const worker = await createWorker({ workerBin: workerOfTests() });

  onTestFinished(() => worker.close());
  // Without a listener mediasoup throws it at nobody.
  worker.on('died', () => {});

  const router = await worker.createRouter({ mediaCodecs: [] });
  const transport = await router.createWebRtcTransport({
    listenInfos: [{ protocol: 'udp', ip: '127.0.0.1' }],
  });
  const client = await DtlsPeer.openTo(transport);

  await client.connect(transport);
  expect(transport.dtlsState).toBe('connected');
});
