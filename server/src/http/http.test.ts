import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { get as getPlain, request } from 'node:http';
import { request as secureRequest } from 'node:https';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { startServerProcess } from '../../../testkit/servers/server-process.ts';
import { startTestServer, type TestServer } from '../../../testkit/servers/test-server.ts';
import { workerOfTests } from '../../../testkit/servers/test-worker.ts';

describe('over HTTP', () => {
  let server: TestServer;

  beforeAll(async () => {
    server = await startTestServer();
  });

  afterAll(() => server.stop());

  test('serves /health', async () => {
    expect(await (await fetch(`${server.url}/health`)).json()).toEqual({
      status: 'ok',
      workers: { running: 1, expected: 1 },
    });
  });

  test('answers 404 for a page that the documentation does not have', async () => {
    for (const [path, status] of [
      ['/docs', 200],
      ['/docs/setup', 200],
      ['/docs/choosing-a-port-mode.zh-CN', 200],
      ['/docs/nosuch', 404],
      ['/docs/constructor', 404],
    ] as const) {
      const response = await fetch(`${server.url}${path}`);
      expect(response.status, path).toBe(status);
      expect(response.headers.get('content-type')).toMatch(/^text\/html/);
    }
  });

  test('answers unknown paths under /api in JSON', async () => {
    const response = await fetch(`${server.url}/api/nothing`);
    expect(response.status).toBe(404);
    expect(await response.json()).toEqual({ error: 'no such resource' });
  });

  test.each(['/..%2f..%2fpackage.json', '/%c0%ae%c0%ae/%', '//example.org/..'])(
    'serves nothing at %s',
    async (path) => {
      const status = await new Promise<number>((resolve, reject) => {
        const { hostname, port } = new URL(server.url);
        request({ hostname, port, path }, (response) => {
          response.resume();
          resolve(response.statusCode ?? 0);
        })
          .on('error', reject)
          .end();
      });
      expect(Math.floor(status / 100)).toBe(4);
    },
  );

  test.each(['/', '/port-map', '/health', '/api/nothing', '/nowhere', '/signalling'])(
    '%s has headers that restrict the page to what it needs',
    async (path) => {
      const { headers } = await fetch(`${server.url}${path}`);
      expect(headers.get('content-security-policy')).toBe(
        "default-src 'self';base-uri 'none';form-action 'self';frame-ancestors 'none';" +
          "img-src 'self' data:;object-src 'none';script-src-attr 'none'",
      );
      expect(headers.get('permissions-policy')).toMatch(/camera=\(self\).*geolocation=\(\)/);
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('referrer-policy')).toBe('no-referrer');
      expect(headers.get('cross-origin-resource-policy')).toBe('same-origin');
      expect(headers.get('x-frame-options')).toBe('DENY');
      expect(headers.has('strict-transport-security')).toBe(false);
      expect(headers.has('x-powered-by')).toBe(false);
    },
  );

  test('only pages of /docs may have inline styles, and no page inline scripts', async () => {
    for (const path of ['/docs', '/docs/setup', '/docs.html']) {
      const policy = (await fetch(`${server.url}${path}`)).headers.get('content-security-policy');
      expect(policy).toContain("style-src 'self' 'unsafe-inline'");
      expect(policy).not.toMatch(/script-src |unsafe-eval/);
    }
    const other = await fetch(`${server.url}/docsify`);
    expect(other.headers.get('content-security-policy')).not.toContain('unsafe');
  });

  test.each([
    ['/nothing', undefined, 404],
    ['/', undefined, 404],
    ['/signalling', 'https://evil.example', 403],
    ['/signalling', 'null', 403],
  ])('rejects an upgrade to %s from origin %s with %i', async (path, origin, status) => {
    const socket = new WebSocket(`${server.url.replace('http', 'ws')}${path}`, 'protoo', {
      ...(origin ? { origin } : {}),
    });
    const error = await new Promise<Error>((resolve) => socket.once('error', resolve));
    expect(error.message).toBe(`Unexpected server response: ${status}`);
  });

  test.each([
    ['https://localhost:3000', { Host: 'localhost:3000' }],
    ['http://evil.example', { Host: 'evil.example' }],
    ['', { Host: 'evil.example' }],
  ])('rejects signalling from origin "%s" with %j', async (origin, headers) => {
    const socket = new WebSocket(server.signalling, 'protoo', {
      headers,
      ...(origin && { origin }),
    });
    const [error] = await once(socket, 'error');
    expect(error.message).toBe('Unexpected server response: 403');
  });

  test.each([
    ['http://Localhost', { Host: 'localhost:80' }],
    ['http://[::0:1]:3000', { Host: '[::1]:3000' }],
    ['http://localhost.:3000', { Host: 'LOCALHOST:3000' }],
  ])('accepts signalling from origin %s with %j', async (origin, headers) => {
    const socket = new WebSocket(server.signalling, 'protoo', { headers, origin });
    const [code] = await once(socket, 'close');
    expect(code, 'accepted, but without a room id').toBe(4400);
  });

  test.each(['/', '/api/ports', '/nowhere'])(
    'answers %s at an unknown host with what to set, but tells its health',
    async (path) => {
      const { hostname, port } = new URL(server.url);
      const ask = (path: string) =>
        new Promise<number | undefined>((resolve, reject) => {
          const headers = { host: 'evil.example' };
          getPlain({ hostname, port, path, headers }, (response) => {
            response.resume();
            resolve(response.statusCode);
          }).on('error', reject);
        });
      expect(await ask(path)).toBe(421);
      expect(await ask('/health')).toBe(200);
    },
  );

  test('destroys a rejected socket even if the client never closes it', async () => {
    const { hostname, port } = new URL(server.url);
    const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
    socket.write(
      'GET /nope HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
    );
    socket.resume();
    await once(socket, 'end');
    const error = once(socket, 'error');
    // The kernel answers data with a reset only once the socket is destroyed.
    const writing = setInterval(() => socket.write('x'), 20);
    expect((await error)[0]).toMatchObject({ code: expect.stringMatching(/ECONNRESET|EPIPE/) });
    clearInterval(writing);
  });

  test('accepts upgrades from its own pages, and from clients without an origin', async () => {
    for (const origin of [server.url, undefined]) {
      const socket = new WebSocket(server.signalling, 'protoo', { ...(origin ? { origin } : {}) });
      const code = await new Promise((resolve) => socket.once('close', resolve));
      expect(code, 'accepted, but without a room id').toBe(4400);
    }
  });

  test('rejects a WebSocket without the sub-protocol', async () => {
    const socket = new WebSocket(`${server.signalling}?roomId=a&peerId=b`);
    const code = await new Promise((resolve) => socket.once('close', resolve));
    expect(code).toBe(4400);
  });
});

describe('over HTTPS', () => {
  let server: TestServer | undefined;
  const folder = mkdtempSync(join(tmpdir(), 'oneport-tls-'));
  const [cert, key] = ['cert.pem', 'key.pem'].map((name) => join(folder, name));

  beforeAll(() => {
    const make = (keyFile = '', certFile = '') =>
      execFileSync(
        'openssl',
        ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'].concat([
          '-subj',
          '/CN=localhost',
          '-keyout',
          keyFile,
          '-out',
          certFile,
        ]),
        { stdio: 'ignore' },
      );
    make(key, cert);
  });

  afterEach(async () => {
    await server?.stop();
    server = undefined;
  });

  afterAll(() => rmSync(folder, { recursive: true }));

  function get(
    path: string,
  ): Promise<{ status?: number | undefined; subject: string; hsts: string | undefined }> {
    const { port } = new URL(server?.url ?? '');
    return new Promise((resolve, reject) => {
      secureRequest(
        { hostname: '127.0.0.1', port, path, rejectUnauthorized: false },
        (response) => {
          response.resume();
          const { subject } = (
            response.socket as import('node:tls').TLSSocket
          ).getPeerCertificate();
          resolve({
            status: response.statusCode,
            subject: String(subject.CN),
            hsts: response.headers['strict-transport-security'],
          });
        },
      )
        .on('error', reject)
        .end();
    });
  }

  test('serves with the configured certificate', async () => {
    server = await startTestServer({
      HTTPS_CERT_FULLCHAIN: cert ?? '',
      HTTPS_CERT_PRIVKEY: key ?? '',
    });
    expect(server.urls[0]).toMatch(/^https:/);
    expect(await get('/health')).toEqual({ status: 200, subject: 'localhost', hsts: undefined });
  });

  test('sends Strict-Transport-Security only as HSTS says', async () => {
    server = await startTestServer({
      HTTPS_CERT_FULLCHAIN: cert ?? '',
      HTTPS_CERT_PRIVKEY: key ?? '',
      HSTS: 'max-age=60',
    });
    expect(await get('/health')).toMatchObject({ hsts: 'max-age=60' });
  });

  test('serves with a self-signed certificate', async () => {
    server = await startTestServer({ HTTPS: 'self-signed', HTTP_HOST: '127.0.0.1' });
    expect(await get('/health')).toEqual({ status: 200, subject: 'oneport', hsts: undefined });
  });
});

test('the log and /health name the known holes of a worker without our patches, and what closes them', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'oneport-stock-'));
  // Beside this name there is no manifest.
  symlinkSync(workerOfTests(), join(folder, 'mediasoup-worker'));
  const server = await startServerProcess({
    MEDIASOUP_WORKER_BIN: join(folder, 'mediasoup-worker'),
    ONEPORT_WORKER: '',
  });
  const told = {
    holes: expect.arrayContaining([
      { patch: 'dtls-error-queue.patch', hole: expect.stringContaining('DTLS handshake') },
    ]),
    command: 'npm run worker -- --rebuild',
  };
  expect(await (await fetch(`${server.url}/health`)).json()).toMatchObject({
    status: 'ok',
    ...told,
  });
  const lines = server.output().split('\n');
  const line = lines.find((one) => one.includes('worker lacks security patches'));
  expect(JSON.parse(line ?? '')).toMatchObject({ level: 'warn', ...told });
  await server.stop();
  rmSync(folder, { recursive: true });
});

test('does not start when its port is in use', async () => {
  const first = await startTestServer();
  const port = new URL(first.url).port;
  await expect(startTestServer({ HTTP_PORT: port })).rejects.toThrow(
    new RegExp(`HTTP_PORT=${port}: in use.*ss -lnpt`),
  );
  await first.stop();
});
