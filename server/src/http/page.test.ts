import { readdirSync, readFileSync, statSync } from 'node:fs';
import { get } from 'node:http';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { startTestServer, type TestServer } from '../../../testkit/servers/test-server.ts';
import { builtApp } from './page.ts';

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer({
    BASE_PATH: '/calls/',
    EMBED_ORIGINS: 'https://one.example, https://two.example:8443',
  });
});

afterAll(() => server.stop());

/** The body as it comes over the wire, which fetch() would decompress. */
async function fetchRaw(path: string, acceptEncoding?: string) {
  const headers = acceptEncoding === undefined ? {} : { 'accept-encoding': acceptEncoding };
  const response = await new Promise<import('node:http').IncomingMessage>((resolve, reject) => {
    get(new URL(path, server.url), { headers }, resolve).on('error', reject);
  });
  return { status: response.statusCode, headers: response.headers, body: await buffer(response) };
}

const assets = join(builtApp, 'assets');

test('assets are sent as compressed when the app was built, by what the browser accepts', async () => {
  const names = readdirSync(assets).filter((name) => /\.(js|css)$/.test(name));
  const name = names.find((one) => statSync(join(assets, one)).size > 100_000) ?? '';
  const content = readFileSync(join(assets, name));
  const brotli = await fetchRaw(`/assets/${name}`, 'gzip, deflate, br, zstd');
  expect(brotli.headers).toMatchObject({
    'content-encoding': 'br',
    'content-type': 'text/javascript; charset=utf-8',
    'cache-control': 'public, max-age=31536000, immutable',
    vary: 'Accept-Encoding',
  });
  expect(brotli.body.length).toBeLessThan(content.length / 2);
  expect(brotliDecompressSync(brotli.body).equals(content)).toBe(true);
  for (const accepted of ['gzip', 'br;q=0, gzip']) {
    const { headers, body } = await fetchRaw(`/assets/${name}`, accepted);
    expect(headers).toMatchObject({ 'content-encoding': 'gzip', vary: 'Accept-Encoding' });
    expect(gunzipSync(body).equals(content)).toBe(true);
  }
  for (const accepted of [undefined, 'identity', 'zstd']) {
    const { headers, body } = await fetchRaw(`/assets/${name}`, accepted);
    expect(headers).toMatchObject({ vary: 'Accept-Encoding' });
    expect(headers).not.toHaveProperty('content-encoding');
    expect(body.equals(content)).toBe(true);
  }
  const image = readdirSync(assets).find((one) => one.endsWith('.png'));
  expect((await fetchRaw(`/assets/${image}`, 'br')).headers).not.toHaveProperty('content-encoding');
  expect((await fetchRaw('/assets/nothing.js', 'br')).status).toBe(404);
});

test('is served below BASE_PATH and, for proxies that remove the path, without it', async () => {
  for (const path of [
    '/',
    '/calls/',
    '/calls',
    '/calls?roomId=a',
    '/calls/port-map',
    '/docs/setup',
  ]) {
    const { status, body } = await fetchRaw(path);
    const [, script = ''] = / src="([^"]+\.js)"/.exec(body.toString()) ?? [];
    expect({ path, status, script }).toEqual({
      path,
      status: 200,
      script: expect.stringMatching(/^\/calls\/assets\//),
    });
    expect(body.toString()).toContain('data-base="/calls/"');
    expect((await fetchRaw(script)).status).toBe(200);
  }
  expect((await fetchRaw('/calls/health')).status).toBe(200);
  expect((await fetchRaw('/callsx/health')).status).toBe(404);
  expect(server.urls[0]).toBe(`http://localhost:${new URL(server.url).port}/calls/`);
  for (const path of ['/calls/signalling', '/signalling']) {
    const socket = new WebSocket(new URL(path, server.url).href.replace('http', 'ws'), 'protoo');
    const code = await new Promise((resolve) => socket.once('close', resolve));
    expect(code, 'accepted, but without a room id').toBe(4400);
  }
});

test.each(['/dashboard', '/calls/dashboard'])('%s leads to the port map', async (path) => {
  const { status, headers } = await fetchRaw(path);
  expect({ status, location: headers.location }).toEqual({
    status: 301,
    location: '/calls/port-map',
  });
});

test('only the call may be framed, and only by EMBED_ORIGINS', async () => {
  const call = await fetchRaw('/calls/?roomId=a');
  expect(call.headers['content-security-policy']).toContain(
    'frame-ancestors https://one.example https://two.example:8443;',
  );
  expect(call.headers).not.toHaveProperty('x-frame-options');
  for (const path of ['/calls/port-map', '/calls/docs', '/calls/nothing']) {
    const { headers } = await fetchRaw(path);
    expect(headers['content-security-policy'], path).toContain("frame-ancestors 'none'");
    expect(headers['x-frame-options'], path).toBe('DENY');
  }
});
