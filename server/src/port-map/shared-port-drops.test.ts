/** In shared-port, most of what is dropped no worker ever sees: the kernel's program and the TCP front say it. */
import { connect } from 'node:net';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { IcePeer } from '../../../testkit/clients/ice-peer.ts';
import { PortMapViewer } from '../../../testkit/clients/port-map-viewer.ts';
import { skipWithoutSteering } from '../../../testkit/servers/steered-host.ts';
import { startTestServer } from '../../../testkit/servers/test-server.ts';
import { bindingRequest } from '../stun/stun-message.ts';

beforeEach(skipWithoutSteering);

test('each drop is told with who dropped it, and why', async () => {
  const server = await startTestServer({ MEDIASOUP_USE_WEBRTC_SERVER: 'shared' });
  onTestFinished(() => server.stop());
  const viewer = await PortMapViewer.open({ url: server.url });
  onTestFinished(() => viewer.close());
  const peer = await IcePeer.open({ ip: '127.0.0.1', port: server.mediaPort });
  onTestFinished(() => peer.close());
  const nobody = bindingRequest({
    usernameFragment: 'nobody'.padEnd(32, 'x'),
    password: 'x'.repeat(32),
  });

  peer.send(nobody);
  for (let n = 0; n < 2; n++) {
    peer.send(Buffer.alloc(100, 0xff));
  }
  for (const first of ['\0\0\0\0', `\0${String.fromCharCode(nobody.length)}`]) {
    const socket = connect(server.mediaPort, '127.0.0.1');
    // Refused by a reset.
    socket.on('error', () => {});
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.write(Buffer.concat([Buffer.from(first, 'latin1'), nobody]));
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
    .poll(() => dropped('tcp', 'tcp-front'), patience)
    .toMatchObject({ unknown: 1, unknownUfrag: 1, timeout: 0 });
  // Nothing of it has reached a worker.
  expect(dropped('udp', 'workers')).toMatchObject({ droppedDataFromUnknownTuple: 0 });
});
