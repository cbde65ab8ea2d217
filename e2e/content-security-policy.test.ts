import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { useBrowserAndServer } from '../testkit/browser/browser-and-server.ts';
import { PeerPage } from '../testkit/browser/peer-page.ts';

const here = useBrowserAndServer();
const patience = { timeout: 30_000, interval: 200 };

test('a call does not violate the Content-Security-Policy', async () => {
  const { browser, server } = here;
  const refused: string[] = [];
  const options = {
    browser,
    url: server.url,
    roomId: 'csp',
    prepare: async (page: Page) => {
      page.on('console', (message) => {
        if (/content security policy|permissions policy/i.test(message.text())) {
          refused.push(message.text());
        }
      });
    },
  };
  const [alice, bob] = await PeerPage.joinBoth(options);
  for (const peer of [alice, bob]) {
    await expect.poll(() => peer.received('video', 'framesDecoded'), patience).toBeGreaterThan(0);
  }
  await alice.button('Share screen').click();
  await bob.tile('Alice’s screen').waitFor();
  await alice.button('Open chat').click();
  await alice.page.getByLabel('Message', { exact: true }).fill('hello');
  await alice.button('Send').click();
  await alice.page.getByRole('log', { name: 'Chat' }).getByText('hello').waitFor();
  expect(refused).toEqual([]);
  await Promise.all([alice.close(), bob.close()]);
});

test('injected content neither runs nor sends anything to another origin', async () => {
  const page = await here.browser.newPage();
  await page.goto(here.server.url);
  await page.evaluate(() => {
    document.documentElement.dataset.refused = 'refused:';
    document.addEventListener('securitypolicyviolation', ({ effectiveDirective }) => {
      document.documentElement.dataset.refused += ` ${effectiveDirective}`;
    });
    const add = (name: string, attributes: Record<string, string>, text = '') => {
      const element = document.createElement(name);
      for (const [key, value] of Object.entries(attributes)) {
        element.setAttribute(key, value);
      }
      element.textContent = text;
      document.body.append(element);
    };
    add('script', {}, 'window.injected = "by a script"');
    add('img', { src: '/nothing.png', onerror: 'window.injected = "by an attribute"' });
    // Another origin on this machine, so that no request leaves it. Nothing needs to answer.
    fetch('http://127.0.0.9:9/').catch(() => undefined);
    add('iframe', { src: 'http://127.0.0.9:9/' });
    add('base', { href: 'http://127.0.0.9:9/' });
  });
  const refused = () => page.evaluate(() => document.documentElement.dataset.refused ?? '');
  await expect
    .poll(async () => new Set((await refused()).split(' ').slice(1)), patience)
    .toEqual(
      new Set(['script-src-elem', 'script-src-attr', 'connect-src', 'frame-src', 'base-uri']),
    );
  expect(await page.evaluate(() => 'injected' in window)).toBe(false);
  await page.close();
});
