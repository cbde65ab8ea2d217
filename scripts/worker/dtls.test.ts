import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createWorker, type types } from 'mediasoup';
import { expect, onTestFinished, test } from 'vitest';
import { temporaryFolder } from '../setup/testing.ts';
import { bindingRequest } from './stun.ts';
import { workerOfTests } from './testing.ts';

// patches/dtls-bio-callback-result.patch: a worker without it dies here, when its OpenSSL knows KTLS.
test('the worker completes a DTLS handshake with openssl s_client', async () => {
  const transport = await createTransport();
  const { key, cert, fingerprint } = makeCertificate();

  await transport.connect({
    dtlsParameters: {
      role: 'client',
      fingerprints: [{ algorithm: 'sha-256', value: fingerprint }],
    },
  });

  const relay = await connectByIce(transport);
  const connected = new Promise<void>((resolve, reject) => {
    transport.on('dtlsstatechange', (state) => {
      if (state === 'connected') {
        resolve();
      } else if (state === 'failed' || state === 'closed') {
        reject(new Error(`DTLS ${state}`));
      }
    });
    transport.on('routerclose', () => reject(new Error('the worker died')));
  });

  startClient(relay, key, cert);
  await connected;
  expect(transport.dtlsState).toBe('connected');
});

async function createTransport(): Promise<types.WebRtcTransport> {
  const worker = await createWorker({ workerBin: workerOfTests() });

  onTestFinished(() => worker.close());
  // Without a listener mediasoup throws it at nobody.
  worker.on('died', () => {});

  const router = await worker.createRouter({ mediaCodecs: [] });

  return router.createWebRtcTransport({ listenInfos: [{ protocol: 'udp', ip: '127.0.0.1' }] });
}

/**
 * Does ICE's part, and then stands between the worker, which knows this socket's address, and a client that
 * knows only DTLS.
 *
 * @returns The port that the client is to talk to.
 */
async function connectByIce(transport: types.WebRtcTransport): Promise<number> {
  const [candidate] = transport.iceCandidates;
  const toWorker = await bind();
  const toClient = await bind();
  let clientPort: number | undefined;

  if (!candidate) {
    throw new Error('no candidate');
  }
  toWorker.send(bindingRequest(transport.iceParameters), candidate.port, '127.0.0.1');
  await once(toWorker, 'message');
  toWorker.on('message', (message) => {
    if (clientPort !== undefined) {
      toClient.send(message, clientPort, '127.0.0.1');
    }
  });
  toClient.on('message', (message, { port }) => {
    clientPort = port;
    toWorker.send(message, candidate.port, '127.0.0.1');
  });

  return toClient.address().port;
}

async function bind(): Promise<Socket> {
  const socket = createSocket('udp4');

  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  onTestFinished(() => {
    socket.close();
  });

  return socket;
}

function makeCertificate() {
  const folder = temporaryFolder();
  const key = join(folder, 'key.pem');
  const cert = join(folder, 'cert.pem');

  execFileSync(
    'openssl',
    ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'].concat([
      '-keyout',
      key,
      '-out',
      cert,
      '-days',
      '2',
      '-subj',
      '/CN=test',
    ]),
    { stdio: 'pipe' },
  );

  return { key, cert, fingerprint: new X509Certificate(readFileSync(cert)).fingerprint256 };
}

function startClient(port: number, key: string, cert: string): ChildProcess {
  const client = spawn(
    'openssl',
    ['s_client', '-dtls1_2', '-connect', `127.0.0.1:${port}`, '-key', key, '-cert', cert].concat([
      '-use_srtp',
      'SRTP_AES128_CM_SHA1_80',
    ]),
    { stdio: ['pipe', 'ignore', 'ignore'] },
  );

  onTestFinished(() => {
    client.kill();
  });

  return client;
}
