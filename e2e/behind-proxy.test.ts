/** The page and its signalling go through the proxies of deploy/, media does not. */
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { get } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import { launchChromium } from '../testkit/browser/chromium.ts';
import { PeerPage } from '../testkit/browser/peer-page.ts';
import { PortMapViewer } from '../testkit/clients/port-map-viewer.ts';
import { TestPeer } from '../testkit/clients/test-peer.ts';
import { startServerProcess } from '../testkit/servers/server-process.ts';
import { proxies } from './reverse-proxy.ts';

const patience = { timeout: 30_000, interval: 200 };
let browser: Browser;

beforeAll(async () => {
  browser = await launchChromium();
});

afterAll(() => browser.close());

describe.each(Object.entries(proxies))('behind %s', (_, startProxy) => {
  test('two peers see each other, and operators’ pages are not reachable', {
    timeout: 180_000,
  }, async (context) => {
    const server = await startServerProcess({ TRUST_PROXY: 'loopback' });
    onTestFinished(() => server.stop());
    const upstream = server.url.replace('http://localhost', '127.0.0.1');
    const proxy = await startProxy(upstream, context);
    onTestFinished(() => proxy.stop());

    const options = { browser, url: proxy.url, roomId: 'proxied' };
    const [alice, bob] = await PeerPage.joinBoth(options);
    for (const peer of [alice, bob]) {
      await expect
        .poll(() => peer.received('video', 'framesDecoded'), patience)
        .toBeGreaterThan(10);
      // Not through the proxy.
      for (const { port } of await peer.selectedCandidates()) {
        expect(port).toBe(server.mediaPort);
      }
    }

    const { headers } = await answerOf(`${proxy.url}/`);
    expect(headers).not.toHaveProperty('strict-transport-security');
    expect(headers['content-security-policy']).toContain("default-src 'self'");
    const plain = await fetch(`${proxy.plainUrl}/?roomId=main`, { redirect: 'manual' });
    expect(plain.headers.get('location')).toMatch(/^https:\/\/localhost.*\/\?roomId=main$/);

    // The server itself serves these to `localhost`: it is the proxy that rejects them.
    expect((await fetch(`${server.url}/port-map`)).status).toBe(200);
    for (const path of ['port-map', 'port-map/', 'metrics', 'socket.io/?EIO=4&transport=polling']) {
      expect((await answerOf(`${proxy.url}/${path}`)).status, path).toBe(404);
    }
    await expect(PortMapViewer.open({ url: proxy.url })).rejects.toThrow('websocket error');
    await (await PortMapViewer.open({ url: server.url })).nextUpdate();

    const foreign = new WebSocket(`${proxy.url.replace('http', 'ws')}/signalling`, 'protoo', {
      origin: 'https://evil.example',
      rejectUnauthorized: false,
    });
    const [error] = await once(foreign, 'error');
    expect(error.message).toBe('Unexpected server response: 403');
    await Promise.all([alice.close(), bob.close()]);
  });

  test('a client can’t forge its address', { timeout: 180_000 }, async (context) => {
    const seen: IncomingHttpHeaders[] = [];
    // Records what the proxy sends to the server.
    const upstream = createServer((request, response) => {
      seen.push(request.headers);
      response.end();
    });
    await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void upstream.close());
    const { port } = upstream.address() as AddressInfo;
    const proxy = await startProxy(`127.0.0.1:${port}`, context);
    onTestFinished(() => proxy.stop());

    await answerOf(`${proxy.url}/`, { 'x-forwarded-for': '203.0.113.99' });
    expect(seen.at(-1)).toMatchObject({
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-proto': 'https',
      host: new URL(proxy.url).host,
    });
  });

  test('writes no secret to its logs, neither for a call nor for a failed request', {
    timeout: 180_000,
  }, async (context) => {
    const server = await startServerProcess({ TRUST_PROXY: 'loopback' });
    onTestFinished(() => server.stop());
    const proxy = await startProxy(server.url.replace('http://localhost', '127.0.0.1'), context);
    onTestFinished(() => proxy.stop());
    const signalling = `${proxy.url.replace('http', 'ws')}/signalling`;
    const query = { token: 'token-in-a-url-93b1' };
    const peer = await TestPeer.join({ signalling, peerId: 'alice', query });
    const { resumeSecret } = await peer.welcome();
    const again = await TestPeer.join({
      signalling,
      peerId: 'alice',
      query: { ...query, resume: resumeSecret },
    });
    await again.leave();
    // Without an upstream, the proxy logs the request that failed.
    await server.stop();
    const failed = new WebSocket(
      `${signalling}?token=${query.token}&resume=${resumeSecret}`,
      'protoo',
      {
        rejectUnauthorized: false,
      },
    );
    const [error] = await once(failed, 'error');
    expect(error.message).toBe('Unexpected server response: 502');
    await proxy.stop();
    const written = proxy.written();
    expect(written, 'the failed request is logged').toContain('/signalling');
    expect(written).not.toContain(query.token);
    expect(written).not.toContain(resumeSecret);
  });
});

function answerOf(
  url: string,
  headers: Record<string, string> = {},
): Promise<{ status: number | undefined; headers: IncomingHttpHeaders }> {
  return new Promise((resolve, reject) => {
    get(url, { rejectUnauthorized: false, headers }, (response) => {
      response.resume();
      resolve({ status: response.statusCode, headers: response.headers });
    }).on('error', reject);
  });
}
