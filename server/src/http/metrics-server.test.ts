import { request } from 'node:http';
import { expect, onTestFinished, test } from 'vitest';
import { freePorts } from '../../../testkit/servers/free-ports.ts';
import { startTestServer } from '../../../testkit/servers/test-server.ts';

const token = 'token-of-prometheus';

async function start(env: Record<string, string> = {}): Promise<{ page: string; port: number }> {
  const port = await freePorts(1);
  const server = await startTestServer({ METRICS_PORT: String(port), ...env });
  onTestFinished(() => server.stop());
  return { page: server.url, port };
}

/** fetch() can't send another Host header. @returns the status */
function ask(
  port: number,
  headers: Record<string, string> = {},
  path = '/metrics',
  method = 'GET',
) {
  return new Promise<number>((resolve, reject) => {
    request({ host: '127.0.0.1', port, path, method, headers }, (response) => {
      response.resume().once('end', () => resolve(response.statusCode ?? 0));
    })
      .once('error', reject)
      .end();
  });
}

test('serves metrics on their own port only', async () => {
  const { page, port } = await start();
  const response = await fetch(`http://127.0.0.1:${port}/metrics`);
  expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
  expect(await response.text()).toMatch(/^oneport_rooms 0$/m);
  expect((await fetch(`${page}/metrics`)).status).toBe(404);
  expect(await ask(port, {}, '/')).toBe(404);
  expect(await ask(port, {}, '/metrics', 'POST')).toBe(405);
});

test('without a token, rejects unknown Host headers', async () => {
  const { port } = await start();
  expect(await ask(port, { host: 'evil.example' })).toBe(403);
  expect(await ask(port, { host: `localhost:${port}` })).toBe(200);
  expect(await ask(port, { host: `127.0.0.1:${port}` })).toBe(200);
});

test('with a token, accepts every Host but no other token', async () => {
  const { port } = await start({ METRICS_TOKEN: token });
  const by = (authorization: string) => ask(port, { authorization, host: 'metrics.example' });
  expect(await ask(port)).toBe(401);
  expect(await by('Bearer wrong-token-of-prometheus')).toBe(401);
  expect(await by(`Basic ${token}`)).toBe(401);
  expect(await by(`Bearer ${token}`)).toBe(200);
});

test('does not serve metrics by default', async () => {
  const port = await freePorts(1);
  const server = await startTestServer();
  onTestFinished(() => server.stop());
  await expect(ask(port)).rejects.toThrow('ECONNREFUSED');
});

test('a port that is in use stops the start with one message', async () => {
  const { port } = await start();
  await expect(startTestServer({ METRICS_PORT: String(port) })).rejects.toThrow(
    `METRICS_PORT=${port}: in use at 127.0.0.1`,
  );
});
