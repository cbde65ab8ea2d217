import { once } from 'node:events';
import { createServer } from 'node:net';
import { createWorker, type types } from 'mediasoup';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { bindUdp } from '../../../testkit/clients/dtls-peer.ts';
import { freePorts } from '../../../testkit/servers/free-ports.ts';
import { checkStun } from './stun-check.ts';

let worker: types.Worker;
let transport: types.WebRtcTransport;

beforeAll(async () => {
  const workerBin = process.env.MEDIASOUP_WORKER_BIN;
  worker = await createWorker({ logLevel: 'error', ...(workerBin && { workerBin }) });
  const router = await worker.createRouter();
  transport = await router.createWebRtcTransport({
    listenInfos: (['udp', 'tcp'] as const).flatMap((protocol) =>
      ['127.0.0.1', '::1'].map((ip) => ({ protocol, ip })),
    ),
    enableUdp: true,
    enableTcp: true,
  });
});

afterAll(() => worker.close());

const addresses = (['udp', 'tcp'] as const).flatMap((protocol) =>
  ['127.0.0.1', '::1'].map((ip) => ({ protocol, ip })),
);

function patience(ms = 15_000): AbortSignal {
  return AbortSignal.timeout(ms);
}

function portOf({ protocol, ip }: (typeof addresses)[number]): number {
  const candidate = transport.iceCandidates.find(
    (one) => one.protocol === protocol && one.address === ip,
  );
  return candidate?.port ?? 0;
}

test.each(addresses)(
  'accepts the success response of a transport at $protocol $ip',
  async (place) => {
    // When a TCP connection ends, ICE selects an earlier tuple again.
    const chosen = new Promise<void>((resolve) => {
      transport.on('iceselectedtuplechange', ({ protocol, localAddress }) => {
        if (protocol === place.protocol && localAddress === place.ip) {
          resolve();
        }
      });
    });
    await checkStun({ ...place, port: portOf(place) }, transport.iceParameters, patience());
    await chosen;
  },
);

test.each(addresses)('reports the error for a wrong password at $protocol $ip', async (place) => {
  const ice = { ...transport.iceParameters, password: 'not this one' };
  await expect(checkStun({ ...place, port: portOf(place) }, ice, patience())).rejects.toThrow(
    /^(udp|tcp) \S+ answers a STUN Binding Request with error 401$/,
  );
});

test.each(addresses)('reports a closed port at $protocol $ip', async (place) => {
  const port = await freePorts(1);
  await expect(checkStun({ ...place, port }, transport.iceParameters, patience())).rejects.toThrow(
    'ECONNREFUSED',
  );
});

test('ignores responses to other requests, and sends the request again', async () => {
  const socket = await bindUdp();
  let requests = 0;
  socket.on('message', (message, { port }) => {
    requests += 1;
    // A success response to another request.
    const answer = Buffer.from(message);
    answer.writeUInt16BE(0x0101, 0);
    answer.writeUInt8(message.readUInt8(19) ^ 1, 19);
    socket.send(answer, port, '127.0.0.1');
  });
  const place = { protocol: 'udp' as const, ip: '127.0.0.1', port: socket.address().port };
  await expect(checkStun(place, transport.iceParameters, patience(1_000))).rejects.toThrow(
    'with nothing',
  );
  expect(requests, 'sent again').toBeGreaterThan(1);
});

test('reports a connection that is closed without a response', async () => {
  const server = createServer((socket) => socket.end());
  server.listen(0, '127.0.0.1');
  onTestFinished(() => {
    server.close();
  });
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
  await expect(
    checkStun({ protocol: 'tcp', ip: '127.0.0.1', port }, transport.iceParameters, patience()),
  ).rejects.toThrow(/the end of the connection|ECONNRESET/);
});
