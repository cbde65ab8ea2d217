import { once } from 'node:events';
import { request } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect, onTestFinished, test, vi } from 'vitest';
import { closed } from '../../../testkit/clients/tcp-demultiplexer.ts';
import { freePorts } from '../../../testkit/servers/free-ports.ts';
import { startTestServer } from '../../../testkit/servers/test-server.ts';
import { createLog } from '../telemetry/log.ts';
import { Telemetry } from '../telemetry/telemetry.ts';
import { serveMetrics } from './metrics-server.ts';

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

test('declines pipelined requests, and ends the connections of an address that owes for them', async () => {
  const { port } = await start({ MAX_REQUESTS_PER_SECOND: '1' });
  const open = async (localAddress: string) => {
    const socket = connect({ host: '127.0.0.1', port, localAddress });
    socket.on('error', () => {});
    await once(socket, 'connect');
    return socket;
  };
  const pipelined = (count: number) =>
    'GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(count);
  const few = await open('127.0.0.2');
  few.write(pipelined(6));
  const answers = (await text(few)).match(/^HTTP.*$/gm)?.map((line) => line.slice(9, 12));
  expect(answers).toEqual(['200', '200', '429']);
  const [waiting, flood] = [await open('127.0.0.2'), await open('127.0.0.2')];
  const ends = Promise.all([closed(waiting), closed(flood)]);
  flood.write(pipelined(1000));
  await ends;
  expect(await ask(port), 'others are served').toBe(200);
});

test('collects metrics for a few clients each time, and no more than once a second for many', async () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  onTestFinished(() => void vi.useRealTimers());
  let collected = 0;
  const port = await freePorts(1);
  const server = await serveMetrics({
    host: '127.0.0.1',
    port,
    token: undefined,
    isKnownHost: () => true,
    metrics: { contentType: 'text/plain', scrape: async () => `collected ${++collected}` },
    requestsPerSecond: 10_000,
    telemetry: new Telemetry(),
    log: createLog('silent'),
  });
  onTestFinished(() => void server.close());
  const scrape = async () => (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  for (let n = 1; n <= 20; n++) {
    expect(await scrape()).toBe(`collected ${n}`);
  }
  expect([await scrape(), await scrape()]).toEqual(['collected 20', 'collected 20']);
  vi.advanceTimersByTime(1_000);
  expect([await scrape(), await scrape()]).toEqual(['collected 21', 'collected 21']);
});
