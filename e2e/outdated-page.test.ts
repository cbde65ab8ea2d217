import { oldestProtocolVersion } from '@oneport/protocol';
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { useBrowserAndServer } from '../testkit/browser/browser-and-server.ts';
import { PeerPage } from '../testkit/browser/peer-page.ts';

const here = useBrowserAndServer();

/** Makes a page connect with a version that the server no longer supports, on its first loads. */
async function beOutdated(
  page: Page,
  loads: number,
): Promise<{ loads: number; versions: string[] }> {
  const seen = { loads: 0, versions: [] as string[] };
  page.on('load', () => {
    seen.loads += 1;
  });
  page.on('websocket', (socket) => {
    seen.versions.push(new URL(socket.url()).searchParams.get('protocolVersion') ?? 'none');
  });
  await page.addInitScript(
    ({ tooOld, outdatedLoads }) => {
      const load = Number(sessionStorage.getItem('test.loads') ?? 0) + 1;
      sessionStorage.setItem('test.loads', String(load));
      if (load > outdatedLoads) {
        return;
      }
      const Original = WebSocket;
      window.WebSocket = class extends Original {
        constructor(url: string | URL, protocols?: string | string[]) {
          const changed = new URL(url);
          changed.searchParams.set('protocolVersion', tooOld);
          super(changed, protocols);
        }
      };
    },
    { tooOld: String(oldestProtocolVersion - 1), outdatedLoads: loads },
  );
  return seen;
}

async function open(roomId: string, outdatedLoads: number) {
  let seen = { loads: 0, versions: [] as string[] };
  const peer = await PeerPage.open({
    browser: here.browser,
    url: here.server.url,
    roomId,
    name: 'Alice',
    prepare: async (page) => {
      seen = await beOutdated(page, outdatedLoads);
    },
  });
  return { peer, seen };
}

async function clickJoin({ page }: PeerPage): Promise<void> {
  await page.getByLabel('Your name').fill('Alice');
  await page.getByRole('button', { name: 'Join', exact: true }).click();
}

test('a page that the server no longer supports reloads, and the new one joins', async () => {
  const { peer, seen } = await open('updated', 1);
  await clickJoin(peer);
  await expect.poll(() => seen.loads).toBe(2);
  await peer.join();
  expect(seen.versions).toHaveLength(2);
  await peer.close();
});

test('a page that is still outdated after a reload says so, and does not reload again', async () => {
  const { peer, seen } = await open('cached', 1_000);
  await clickJoin(peer);
  await expect.poll(() => seen.loads).toBe(2);
  await clickJoin(peer);
  await peer.page.getByRole('heading', { name: 'This page is out of date' }).waitFor();
  // Long enough for a loop to show.
  await peer.page.waitForTimeout(3_000);
  expect(seen.loads).toBe(2);
  expect(seen.versions).toHaveLength(2);

  await peer.button('Reload').click();
  await expect.poll(() => seen.loads).toBe(3);
  await peer.close();
});
