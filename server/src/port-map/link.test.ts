/** The link to the port map that `npm start` prints. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { PortMapViewer } from '../../../testkit/clients/port-map-viewer.ts';
import {
  portMapToken,
  type ServerProcess,
  startServerProcess,
} from '../../../testkit/servers/server-process.ts';

let cache: string;

beforeEach(() => {
  cache = mkdtempSync(join(tmpdir(), 'oneport-link-'));
  onTestFinished(() => rmSync(cache, { recursive: true }));
});

async function start(env: Record<string, string>): Promise<ServerProcess> {
  const server = await startServerProcess({ ONEPORT_CACHE: cache, LOG_LEVEL: 'debug', ...env });
  onTestFinished(() => server.stop());
  return server;
}

test('has a generated token, which stays the same after a restart', async () => {
  const first = await start({ PORT_MAP_TOKEN: '' });
  const [, url, token = ''] =
    /^the live port map: (\S+)\/port-map#token=(\S+)$/m.exec(first.output()) ?? [];
  expect(url).toBe(first.url);
  const viewer = await PortMapViewer.open({ url: first.url, token });
  viewer.close();
  await first.stop();

  const second = await start({ PORT_MAP_TOKEN: '' });
  expect(second.output()).toContain(`/port-map#token=${token}\n`);
});

test('has no token if one is set; no log line has one either', async () => {
  const server = await start({});
  expect(server.output()).toMatch(/^the live port map: \S+\/port-map \(token: PORT_MAP_TOKEN\)$/m);
  const viewer = await PortMapViewer.open({ url: server.url });
  viewer.close();
  const wrong = 'a-token-that-is-not-right';
  // Rejections are logged at once, and then now and then.
  for (let n = 0; n < 10; n++) {
    await expect(PortMapViewer.open({ url: server.url, token: wrong })).rejects.toThrow();
    const headers = { Origin: 'https://evil.example' };
    await expect(PortMapViewer.open({ url: server.url, headers })).rejects.toThrow();
  }
  await expect.poll(() => server.output()).toContain('viewer rejected');
  await server.stop();
  expect(server.output()).not.toContain(portMapToken);
  expect(server.output()).not.toContain(wrong);
  expect(server.output().split('viewer rejected').length).toBeLessThan(5);
  expect(server.output().split('websocket rejected').length).toBeLessThan(5);
});
