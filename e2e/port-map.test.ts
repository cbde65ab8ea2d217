import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { launchChromium } from '../testkit/browser/chromium.ts';
import { PeerPage } from '../testkit/browser/peer-page.ts';
import {
  describeVariant,
  obstacleToSharedPort,
  type PortVariant,
  startServerFor,
} from '../testkit/browser/port-matrix.ts';
import { portMapToken, type ServerProcess } from '../testkit/servers/server-process.ts';

const variants: PortVariant[] = [
  { mode: 'multi-port', protocol: 'udp', httpOnMediaPort: false },
  { mode: 'single-port', protocol: 'tcp', httpOnMediaPort: false },
  { mode: 'shared-port', protocol: 'udp', httpOnMediaPort: false },
  { mode: 'shared-port', protocol: 'tcp', httpOnMediaPort: true },
];

const patience = { timeout: 30_000, interval: 200 };

let browser: Browser;
let server: ServerProcess;
let page: Page;

beforeAll(async () => {
  browser = await launchChromium();
});

afterAll(() => browser.close());

describe.each(variants)(
  'in $mode over $protocol, HTTP on the media port: $httpOnMediaPort',
  (variant) => {
    beforeEach(async ({ skip }) => {
      skip(
        variant.mode === 'shared-port' && obstacleToSharedPort !== undefined,
        obstacleToSharedPort,
      );
      server = await startServerFor(variant);
      page = await (await browser.newContext()).newPage();
    });

    afterEach(async () => {
      await page?.context().close();
      await server?.stop();
    });

    test(`shows the peer of each tuple: ${describeVariant(variant)}`, async () => {
      const seen: string[] = [];
      page.on('request', (request) => seen.push(`${request.url()} ${request.headers().referer}`));
      page.on('websocket', (socket) => seen.push(socket.url()));
      const refused: string[] = [];
      page.on('console', (message) => refused.push(message.text()));

      await page.goto(`${server.url}/port-map#token=${portMapToken}`);
      await page.getByText('No transports. Join').waitFor();
      expect(page.url(), 'the token is removed from the address bar').toBe(
        `${server.url}/port-map`,
      );

      const alice = await PeerPage.join({
        browser,
        url: server.url,
        roomId: 'blue',
        name: 'Alice',
        forceTcp: variant.protocol === 'tcp',
      });
      await page.locator('.diagram-row[data-phase="tuple"]').nth(1).waitFor();
      // Polled, because Chromium may select TCP for a moment before UDP.
      await expect
        .poll(() => page.locator('.diagram-box[data-column="port"]').count(), patience)
        .toBe(variant.mode === 'multi-port' ? 2 : 1);

      // The browser's local ports, from its own statistics.
      const ownPorts = async () => {
        const stats = await alice.stats();
        const byId = new Map(stats.map((stat) => [stat.id, stat]));
        return stats
          .filter(({ type }) => type === 'transport')
          .map((transport) => byId.get(String(transport.selectedCandidatePairId)))
          .map((pair) => byId.get(String(pair?.localCandidateId)))
          .map((local) => String(local?.port));
      };
      const shownFirst = async () =>
        (await page.locator('.map-transports .mono').allTextContents())[0] ?? '';
      // A TCP candidate is `active`, and has port 9 in the statistics.
      if (variant.protocol === 'udp') {
        await expect
          .poll(
            async () => (await ownPorts()).includes((await shownFirst()).split(':').at(-1) ?? ''),
            patience,
          )
          .toBe(true);
      }
      const sending = page.locator('.map-transports tr', { hasText: 'sends' });
      await sending
        .getByText(/^[\d.]+ kB\/s · [1-9]\d* RTP\/s$/)
        .first()
        .waitFor();

      // The address may still change, so search for the one that is shown.
      const search = page.getByLabel('Find a transport');
      await expect
        .poll(async () => {
          await search.fill(await shownFirst());
          return page.getByTestId('matches').textContent();
        }, patience)
        .toBe('1 transport');
      await page.locator('.diagram-row').click();
      expect(await page.getByTestId('packet-path').textContent()).toContain(
        await search.inputValue(),
      );
      await search.fill('203.0.113.7:1');
      await expect
        .poll(() => page.getByTestId('matches').textContent(), patience)
        .toContain('No open transport matches');

      // The token survives a reload. After Alice has left, there are no transports.
      await page.reload();
      await page.locator('.diagram-row').nth(1).waitFor();
      await alice.close();
      await page.getByText('No transports. Join').waitFor();

      expect(seen.filter((line) => line.includes(portMapToken))).toEqual([]);
      expect(seen.some((line) => line.startsWith('ws'))).toBe(true);
      expect(refused, 'no violation of the Content-Security-Policy').toEqual([]);
    });
  },
);

test('a page that stays open shows the new port mode after the server has restarted', async () => {
  server = await startServerFor({ mode: 'single-port', protocol: 'udp', httpOnMediaPort: false });
  page = await (await browser.newContext()).newPage();
  await page.goto(`${server.url}/port-map#token=${portMapToken}`);
  await page.getByText('single-port', { exact: true }).waitFor();
  expect(await page.getByRole('button', { name: /^udp :/ }).count()).toBe(1);
  await server.stop();
  await page.getByText('connecting…').waitFor();

  const { port } = new URL(server.url);
  server = await startServerFor(
    { mode: 'multi-port', protocol: 'udp', httpOnMediaPort: false },
    { HTTP_PORT: port },
  );
  await page.getByText('multi-port', { exact: true }).waitFor();
  // The rows of the previous server are gone: in multi-port no port is open without a transport.
  expect(await page.getByRole('button', { name: /^udp :/ }).count()).toBe(0);
  await page.context().close();
  await server.stop();
});

describe('without the token', () => {
  beforeEach(async () => {
    server = await startServerFor({ mode: 'single-port', protocol: 'udp', httpOnMediaPort: false });
    page = await (await browser.newContext()).newPage();
  });

  afterEach(async () => {
    await page.context().close();
    await server.stop();
  });

  test('shows nothing until it is entered', async () => {
    await page.goto(`${server.url}/port-map#token=not-the-right-token`);
    await page.getByRole('alert').waitFor();
    expect(await page.getByRole('alert').textContent()).toContain('not valid, or no longer');
    expect(await page.getByRole('heading', { name: 'Workers' }).count()).toBe(0);
    await page.getByLabel('Token').fill(portMapToken);
    await page.getByRole('button', { name: 'Open the port map' }).click();
    await page.getByRole('heading', { name: 'Workers' }).waitFor();
  });

  test('asks for the token', async () => {
    await page.goto(`${server.url}/port-map`);
    await page.getByLabel('Token').waitFor();
  });
});
