import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { beforeAll, expect, test } from 'vitest';
import { useBrowserAndServer } from '../testkit/browser/browser-and-server.ts';

const here = useBrowserAndServer();
const folder = fileURLToPath(new URL('../docs', import.meta.url));
const names = readdirSync(folder)
  .filter((file) => file.endsWith('.md'))
  .map((file) => file.slice(0, -'.md'.length));

/** The state of a rendered page of /docs. */
interface Shown {
  /** Console errors and warnings, failed responses, violations of the Content Security Policy. */
  complaints: string[];
  diagrams: number;
  ids: string[];
  /** Targets of its links: paths with fragments. */
  links: string[];
  images: number[];
  /** Horizontal overflow in pixels. */
  tooWide: number;
}

const shown = new Map<string, Shown>();

beforeAll(async () => {
  // A phone's width, where pages overflow first.
  const page = await here.browser.newPage({ viewport: { width: 390, height: 844 } });
  const complaints: string[] = [];
  listen(page, complaints);
  for (const name of ['', ...names]) {
    await open(page, name);
    shown.set(name, { ...(await look(page)), complaints: complaints.splice(0) });
  }
  await page.close();
});

test('/docs links to every page of docs/', () => {
  const links = shown.get('')?.links ?? [];
  expect(new Set(links.filter((link) => link.startsWith('/docs/')))).toEqual(
    new Set(names.map((name) => `/docs/${name}`)),
  );
});

test.each(names)('%s: draws every diagram, without complaints or overflow', (name) => {
  const sources = readFileSync(`${folder}/${name}.md`, 'utf8').match(/^```mermaid$/gm) ?? [];
  const { complaints, diagrams, images, tooWide } = shown.get(name) ?? {};
  expect({ complaints, diagrams, tooWide }).toEqual({
    complaints: [],
    diagrams: sources.length,
    tooWide: 0,
  });
  expect(images?.every((width) => width > 0)).toBe(true);
});

test.each(names)('%s: has no dead link', (name) => {
  const { ids = [], links = [] } = shown.get(name) ?? {};
  const dead = links.filter((link) => {
    const [path = '', fragment = ''] = link.split('#');
    if (path === '/' || path === '/docs') {
      return false;
    }
    const target = path === `/docs/${name}` ? ids : shown.get(path.slice('/docs/'.length))?.ids;
    return !target || (fragment !== '' && !target.includes(decodeURIComponent(fragment)));
  });
  expect(dead).toEqual([]);
});

test('diagrams follow the colour scheme', async () => {
  const page = await here.browser.newPage({ colorScheme: 'light' });
  await open(page, 'from-many-ports-to-one');
  const colour = () =>
    page.evaluate(() => {
      const box = document.querySelector('figure svg rect.actor');
      return box && getComputedStyle(box).fill;
    });
  const light = await colour();
  await page.emulateMedia({ colorScheme: 'dark' });
  await expect.poll(colour, { timeout: 30_000 }).not.toBe(light);
  expect(light).not.toBeNull();
  await page.close();
});

test('an unknown page says so, and links to the existing ones', async () => {
  const page = await here.browser.newPage();
  await open(page, 'nothing-of-the-kind');
  expect(await page.locator('h1').textContent()).toBe('No such page');
  expect((await look(page)).links).toContain('/docs/single-port');
  await page.close();
});

test('the call’s page loads nothing of the reader', async () => {
  const page = await here.browser.newPage();
  const fetched: string[] = [];
  page.on('request', (request) => fetched.push(request.url()));
  await page.goto(here.server.url);
  await page.getByRole('button', { name: 'Join' }).waitFor();
  expect(fetched.filter((url) => /mermaid|\/docs/.test(url))).toEqual([]);
  await page.close();
});

async function open(page: Page, name: string): Promise<void> {
  await page.goto(`${here.server.url}/docs${name === '' ? '' : `/${name}`}`);
  await page.locator('html[data-ready]').waitFor({ state: 'attached' });
}

function listen(page: Page, complaints: string[]): void {
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) {
      complaints.push(message.text());
    }
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('response', (response) => {
    if (response.status() >= 400) {
      complaints.push(`${response.status()} ${response.url()}`);
    }
  });
}

function look(page: Page): Promise<Omit<Shown, 'complaints'>> {
  return page.evaluate(() => ({
    diagrams: document.querySelectorAll('figure:not([data-error]) > svg').length,
    ids: [...document.querySelectorAll('[id]')].map(({ id }) => id),
    links: [...document.querySelectorAll('a')]
      .filter(({ origin }) => origin === location.origin)
      .map(({ pathname, hash }) => pathname + hash),
    images: [...document.images].map(({ naturalWidth }) => naturalWidth),
    tooWide: document.documentElement.scrollWidth - innerWidth,
  }));
}
