/**
 * A call of two Firefox peers. firefox.test.ts runs it inside its network namespace, with the address for media as
 * argument. Prints what each peer has received, as one line of JSON.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type ElementHandle, launch, type Page } from 'puppeteer-core';
import { watchPeerConnections } from '../testkit/browser/page-instruments.ts';
import { startServerProcess } from '../testkit/servers/server-process.ts';

const [, , address = ''] = process.argv;
const server = await startServerProcess({ MEDIASOUP_LISTEN_IP: address });
const browser = await launch({
  browser: 'firefox',
  executablePath: process.env.FIREFOX_BIN ?? '/usr/bin/firefox-esr',
  headless: true,
  extraPrefsFirefox: {
    'media.navigator.streams.fake': true,
    'media.navigator.permission.disabled': true,
    'media.autoplay.default': 0,
  },
});
try {
  const pages = [await join('Alice'), await join('Bob')];
  const received = [];
  for (const page of pages) {
    received.push(await untilReceiving(page));
  }
  console.log(JSON.stringify(received));
} finally {
  await browser.close();
  await server.stop();
}

async function join(name: string): Promise<Page> {
  const context = await browser.createBrowserContext();
  const page = await context.newPage();
  await page.evaluateOnNewDocument(watchPeerConnections);
  await page.goto(`${server.url}/?roomId=firefox&displayName=${name}`);
  const join = await button(page, 'Join');
  await join.click();
  await button(page, 'Leave');
  return page;
}

/** Puppeteer's locators use eval in the page, which its CSP forbids in Firefox. */
async function button(page: Page, name: string): Promise<ElementHandle> {
  for (let attempt = 0; attempt < 150; attempt++) {
    const found = await page.$(`::-p-aria([name="${name}"][role="button"])`);
    if (found) {
      return found;
    }
    await sleep(200);
  }
  throw new Error(`no button "${name}"`);
}

async function untilReceiving(page: Page): Promise<Awaited<ReturnType<typeof describeReceived>>> {
  // Firefox pauses the video of a hidden page.
  await page.bringToFront();
  for (let attempt = 0; ; attempt++) {
    const received = await describeReceived(page);
    const { framesDecoded, audioPackets, contrast } = received;
    const enough = framesDecoded > 10 && audioPackets > 10 && contrast > 50;
    if (enough || attempt === 60) {
      return received;
    }
    await sleep(500);
  }
}

function describeReceived(page: Page) {
  return page.evaluate(async () => {
    const reports = await Promise.all(window.peerConnections.map((pc) => pc.getStats()));
    const stats = reports.flatMap((report) => [...report.values()]);
    const inbound = (kind: string, counter: string) =>
      stats
        .filter((stat) => stat.type === 'inbound-rtp' && stat.kind === kind)
        .reduce((sum, stat) => sum + (stat[counter] ?? 0), 0);
    const pairs = stats.filter((stat) => stat.type === 'candidate-pair' && stat.selected);
    const remotes = pairs.map(({ remoteCandidateId }) =>
      stats.find((stat) => stat.id === remoteCandidateId),
    );
    return {
      framesDecoded: inbound('video', 'framesDecoded'),
      audioPackets: inbound('audio', 'packetsReceived'),
      contrast: contrastOf(document.querySelector('article:not([aria-label*="(you)"]) video')),
      remoteAddresses: [...new Set(remotes.map((remote) => remote?.address))],
    };

    function contrastOf(video: Element | null): number {
      if (!(video instanceof HTMLVideoElement)) {
        return 0;
      }
      const canvas = document.createElement('canvas');
      [canvas.width, canvas.height] = [64, 48];
      const context = canvas.getContext('2d');
      context?.drawImage(video, 0, 0, 64, 48);
      const pixels = context?.getImageData(0, 0, 64, 48).data ?? [];
      const values = [...pixels].filter((_, i) => i % 4 !== 3);
      return Math.max(...values) - Math.min(...values);
    }
  });
}
