import { createWorker, type types } from 'mediasoup';
import { onTestFinished } from 'vitest';
import { workerOfTests } from '../servers/test-worker.ts';

/** For tests: two transports of one WebRtcServer, of a worker that ends with the test. */
export async function twoTransports(): Promise<[types.WebRtcTransport, types.WebRtcTransport]> {
  const worker = await createWorker({ workerBin: workerOfTests() });

  onTestFinished(() => worker.close());
  // Without a listener mediasoup throws it at nobody.
  worker.on('died', () => {});

  const webRtcServer = await worker.createWebRtcServer({
    listenInfos: [
      { protocol: 'udp', ip: '127.0.0.1' },
      { protocol: 'tcp', ip: '127.0.0.1' },
    ],
  });
  const router = await worker.createRouter({ mediaCodecs: [] });
  const options = { webRtcServer, enableUdp: true, enableTcp: true };

  return [await router.createWebRtcTransport(options), await router.createWebRtcTransport(options)];
}
