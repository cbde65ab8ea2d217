import { expect, test } from 'vitest';
import { DtlsPeer } from '../testkit/clients/dtls-peer.ts';
import { startTestWorker } from '../testkit/servers/test-worker.ts';

// Without the patch, the worker dies here if its OpenSSL supports KTLS.
test('the worker completes a DTLS handshake with openssl s_client', async () => {
  const worker = await startTestWorker();
  const router = await worker.createRouter({ mediaCodecs: [] });
  const transport = await router.createWebRtcTransport({
    listenInfos: [{ protocol: 'udp', ip: '127.0.0.1' }],
  });
  const client = await DtlsPeer.openTo(transport);
  await client.connect(transport);
  expect(transport.dtlsState).toBe('connected');
});
