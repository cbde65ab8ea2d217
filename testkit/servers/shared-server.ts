import type { types } from 'mediasoup';
import { onTestFinished } from 'vitest';
import { SharedPort } from '../../server/src/ports/shared-port/shared-port.ts';
import { startTestServer, type TestServer } from './test-server.ts';
import { webRtcServersOf } from './worker-state.ts';

/** A test server whose workers all receive on one port; it stops when the test has finished. */
export async function startSharedServer(
  env: Record<string, string> = {},
): Promise<TestServer & { ports: SharedPort }> {
  const server = await startTestServer({ MEDIASOUP_USE_WEBRTC_SERVER: 'shared', ...env });
  onTestFinished(() => server.stop());
  if (!(server.ports instanceof SharedPort)) {
    throw new Error('not shared-port');
  }
  return { ...server, ports: server.ports };
}

/** What a worker says of its WebRtcServer (docs/webrtc-server-dump.md). */
export async function dumpOf(worker: types.Worker): Promise<types.WebRtcServerDump> {
  const [webRtcServer] = webRtcServersOf(worker);
  if (!webRtcServer) {
    throw new Error('no WebRtcServer');
  }
  return await webRtcServer.dump();
}

/** What a worker has received by UDP since it was started. */
export async function receivedByUdp(worker: types.Worker): Promise<types.WebRtcServerReceiveStats> {
  const { receiveStats } = await dumpOf(worker);
  const stats = receiveStats.find(({ protocol }) => protocol === 'udp');
  if (!stats) {
    throw new Error('the worker lacks webrtc-server-dump.patch');
  }
  return stats;
}
