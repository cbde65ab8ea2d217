/** In shared-port, most drops happen before a worker: in the eBPF program and in the TCP demultiplexer. */
import { connect } from 'node:net';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { IcePeer } from '../../../testkit/clients/ice-peer.ts';
import { PortMapViewer } from '../../../testkit/clients/port-map-viewer.ts';
import { skipWithoutSteering } from '../../../testkit/servers/shared-port.ts';
import { startTestServer } from '../../../testkit/servers/test-server.ts';
import { bindingRequest } from '../stun/stun-message.ts';

beforeEach(skipWithoutSteering);

test('each drop is shown with the part that dropped it, and why', async () => {
  const server = await startTestServer({ MEDIASOUP_USE_WEBRTC_SERVER: 'shared' });
  onTestFinished(() => server.stop());
  const viewer = await PortMapViewer.open({ url: server.url });
  onTestFinished(() => viewer.close());
  const peer = await IcePeer.open({ ip: '127.0.0.1', port: server.mediaPort });
  onTestFinished(() => peer.close());
  const unknownUfrag = bindingRequest({
    usernameFragment: 'nobody'.padEnd(32, 'x'),
    password: 'x'.repeat(32),
  });

  peer.send(unknownUfrag);
  for (let n = 0; n < 2; n++) {
    peer.send(Buffer.alloc(100, 0xff));
  }
  for (const first of ['\0\0\0\0', `\0${String.fromCharCode(unknownUfrag.length)}`]) {
    const socket = connect(server.mediaPort, '127.0.0.1');
    // Connections are closed by a reset.
    socket.on('error', () => {});
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.write(Buffer.concat([Buffer.from(first, 'latin1'), unknownUfrag]));
    await closed;
  }

  const dropped = (protocol: string, by: string) =>
    viewer.ports.get(`${protocol} ${server.mediaPort}`)?.counts.find((count) => count.by === by)
      ?.dropped;
  const patience = { timeout: 10_000 };
  await expect
    .poll(() => dropped('udp', 'kernel'), patience)
    .toMatchObject({ stunUnknownUfrag: 1, dataUnknownTuple: 2, noWorker: 0 });
  await expect
    .poll(() => dropped('tcp', 'tcp-demultiplexer'), patience)
    .toMatchObject({ unknown: 1, unknownUfrag: 1, timeout: 0 });
  // No packet has reached a worker.
  expect(dropped('udp', 'workers')).toMatchObject({ droppedDataFromUnknownTuple: 0 });
});
