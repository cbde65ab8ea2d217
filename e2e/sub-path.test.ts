/** The page below a path of nginx, and in a frame of another site. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { launchChromium } from '../testkit/browser/chromium.ts';
import { PeerPage } from '../testkit/browser/peer-page.ts';
import { startServerProcess } from '../testkit/servers/server-process.ts';
import { proxies } from './reverse-proxy.ts';

const patience = { timeout: 30_000, interval: 200 };

/** As docs/running-in-production.md describes. */
function belowPath(text: string): string {
  return text
    .replace('location ~ ^/(', 'location ~ ^/calls/(')
    .replace('location = /signalling', 'location = /calls/signalling')
    .replace('location / {', 'location /calls/ {');
}

test('a call below a path of nginx, and framed by the site that EMBED_ORIGINS names', {
  timeout: 180_000,
}, async (context) => {
  let framed = '';
  const site = createServer((_request, response) => {
    response.setHeader('content-type', 'text/html');
    response.end(`<iframe allow="camera; microphone" src="${framed}"></iframe>`);
  });
  await new Promise<void>((resolve) => site.listen(0, '0.0.0.0', resolve));
  onTestFinished(() => void site.close());
  const { port } = site.address() as AddressInfo;
  const server = await startServerProcess({
    BASE_PATH: '/calls/',
    TRUST_PROXY: 'loopback',
    EMBED_ORIGINS: `http://127.0.0.1:${port}`,
  });
  onTestFinished(() => server.stop());
  const upstream = server.url.replace('http://localhost', '127.0.0.1');
  const proxy = await proxies.nginx(upstream, context, belowPath);
  onTestFinished(() => proxy.stop());
  framed = `${proxy.url}/calls/?roomId=framed`;
  const browser = await launchChromium();
  onTestFinished(() => browser.close());

  const [alice, bob] = await PeerPage.joinBoth({
    browser,
    url: `${proxy.url}/calls`,
    roomId: 'below',
  });
  for (const peer of [alice, bob]) {
    await expect.poll(() => peer.received('video', 'framesDecoded'), patience).toBeGreaterThan(10);
    expect(new URL(peer.page.url()).pathname).toBe('/calls/');
  }
  await Promise.all([alice.close(), bob.close()]);

  const page = await browser.newPage({ ignoreHTTPSErrors: true });
  // Everything else of the host belongs to another program, and operators' pages stay behind the proxy.
  for (const path of ['/', '/signalling', '/calls/port-map', '/calls/metrics']) {
    expect((await page.goto(proxy.url + path))?.status(), path).toBe(404);
  }
  const script = page.waitForResponse(/\/docs-[\w-]+\.js$/);
  await page.goto(`${proxy.url}/calls/docs/limits`);
  await page.getByRole('heading', { name: 'Limits', exact: true }).waitFor();
  expect((await (await script).allHeaders())['content-encoding']).toBe('br');
  await page.getByRole('link', { name: 'All pages' }).click();
  await page.getByRole('link', { name: 'Tokens and moderation' }).click();
  await page.getByRole('link', { name: 'The call' }).click();
  await page.getByRole('link', { name: 'How it works' }).waitFor();

  await page.goto(`http://127.0.0.1:${port}`);
  await page.frameLocator('iframe').getByRole('button', { name: 'Join', exact: true }).waitFor();
  const refused = page.waitForEvent('console', (message) =>
    message.text().includes('frame-ancestors'),
  );
  await page.goto(`http://127.0.0.2:${port}`);
  await refused;

  // Operators connect to the server itself, without the path.
  await page.goto(`${server.url}/port-map`);
  await page.getByLabel('Token').waitFor();
});
