import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { tryBind } from '../server/src/ports/bind-check.ts';
import { launchChromium } from '../testkit/browser/chromium.ts';
import { type Candidate, PeerPage } from '../testkit/browser/peer-page.ts';
import {
  obstacleToSharedPort,
  portVariants,
  startServerFor,
} from '../testkit/browser/port-matrix.ts';
import { freePorts } from '../testkit/servers/free-ports.ts';
import { startServerProcess } from '../testkit/servers/server-process.ts';
import { openTcpRelay } from '../testkit/system/tcp-relay.ts';
import { UdpTap } from '../testkit/system/udp-tap.ts';

const protocols = ['udp', 'tcp'] as const;

const patience = { timeout: 30_000, interval: 200 };

const hasIPv6 = (await tryBind('udp', '::1', 0)) === undefined;

let browser: Browser;

beforeAll(async () => {
  browser = await launchChromium();
});

afterAll(() => browser.close());

/** Alice and Bob join and see each other. */
async function callOf(
  url: string,
  protocol: 'udp' | 'tcp',
  stack: AsyncDisposableStack,
): Promise<PeerPage[]> {
  const options = { browser, url, roomId: 'call', forceTcp: protocol === 'tcp' };
  const peers = await PeerPage.joinBoth(options);
  for (const peer of peers) {
    stack.defer(() => peer.close());
  }
  for (const peer of peers) {
    await expect.poll(() => peer.received('video', 'framesDecoded'), patience).toBeGreaterThan(10);
    await expect
      .poll(() => peer.received('audio', 'totalAudioEnergy'), patience)
      .toBeGreaterThan(0);
  }
  return peers;
}

/** Waits until both connections of a peer use this candidate. TCP may be ready before UDP. */
async function expectSelected(peer: PeerPage, candidate: Candidate): Promise<void> {
  await expect.poll(() => peer.selectedCandidates(), patience).toEqual([candidate, candidate]);
}

/**
 * Maps a port to the server's port, for one protocol only, so that media has no other path.
 *
 * @returns reads how many bytes the browsers have sent through the mapping
 */
async function openMapping(
  protocol: 'udp' | 'tcp',
  outside: number,
  inside: number,
  stack: AsyncDisposableStack,
): Promise<() => number> {
  if (protocol === 'tcp') {
    const relay = stack.use(await openTcpRelay(outside, inside));
    return () => relay.bytesFromBrowsers;
  }
  const tap = await UdpTap.open(inside, { address: '127.0.0.1', port: outside });
  stack.defer(() => tap.close());
  return () => tap.captured.reduce((sum, { length }) => sum + length, 0);
}

test.runIf(obstacleToSharedPort)(`shared-port: ${obstacleToSharedPort}`, ({ skip }) => skip());

// In multi-port each transport has its own port, so there is no single port to announce.
test.each(portVariants.filter(({ mode }) => mode !== 'multi-port'))(
  'in $mode, media over $protocol works through a port mapping, HTTP on that port: $httpOnMediaPort',
  async (variant) => {
    const { protocol } = variant;
    await using stack = new AsyncDisposableStack();
    const outside = await freePorts(1);
    const server = await startServerFor(variant, { MEDIASOUP_ANNOUNCED_PORT: String(outside) });
    stack.defer(() => server.stop());
    const bytesFromBrowsers = await openMapping(protocol, outside, server.mediaPort, stack);

    const peers = await callOf(server.url, protocol, stack);
    const before = bytesFromBrowsers();
    for (const peer of peers) {
      await expectSelected(peer, { protocol, address: '127.0.0.1', port: outside });
      const badge = peer.page.getByTestId('port-badge');
      await expect.poll(() => badge.textContent(), patience).toContain(String(outside));
    }
    await expect.poll(bytesFromBrowsers, patience).toBeGreaterThan(before);
  },
);

test('the page says that no media gets through, and does not report a connection until it does', async () => {
  await using stack = new AsyncDisposableStack();
  const outside = await freePorts(1);
  const server = await startServerProcess({ MEDIASOUP_ANNOUNCED_PORT: String(outside) });
  stack.defer(() => server.stop());
  const alice = await PeerPage.join({ browser, url: server.url, roomId: 'lost', name: 'Alice' });
  stack.defer(() => alice.close());
  const shown = (text: RegExp) => alice.page.getByText(text).first();
  // Some texts are shown only briefly.
  await alice.page.evaluate(() => {
    new MutationObserver(() => {
      for (const text of ['Trying again', 'connected again']) {
        if (document.body.textContent?.includes(text)) {
          document.body.dataset[text.slice(0, 3)] = text;
        }
      }
    }).observe(document.body, { childList: true, subtree: true, characterData: true });
  });
  const hasShown = () => alice.page.evaluate(() => Object.values(document.body.dataset));

  await shown(/Audio and video don’t get through.*Still trying/).waitFor();
  // The page has replaced the connection, but media still does not get through.
  await expect.poll(hasShown, { timeout: 60_000, interval: 500 }).toContain('Trying again');
  await shown(/Still trying/).waitFor({ timeout: 30_000 });
  expect(await hasShown()).toEqual(['Trying again']);

  await openMapping('udp', outside, server.mediaPort, stack);
  await shown(/connected again/).waitFor({ timeout: 60_000 });
  await expect.poll(() => shown(/don’t get through/).count(), patience).toBe(0);
});

test.each(protocols)(
  'one working address among several announced ones is enough over %s',
  async (protocol) => {
    await using stack = new AsyncDisposableStack();
    const server = await startServerProcess({
      MEDIASOUP_ANNOUNCED_ADDRESS: '127.0.0.9,127.0.0.1',
    });
    stack.defer(() => server.stop());
    for (const peer of await callOf(server.url, protocol, stack)) {
      const offered = (await peer.candidates()).flat();
      expect(new Set(offered.map(({ address }) => address))).toEqual(
        new Set(['127.0.0.9', '127.0.0.1']),
      );
      await expectSelected(peer, { protocol, address: '127.0.0.1', port: server.mediaPort });
    }
  },
);

test.runIf(hasIPv6).each(protocols)(
  'media uses IPv6 over %s where IPv4 is unreachable',
  async (protocol) => {
    await using stack = new AsyncDisposableStack();
    const server = await startServerProcess({
      MEDIASOUP_LISTEN_IP: '127.0.0.1,::1',
      MEDIASOUP_ANNOUNCED_ADDRESS: '127.0.0.9,::1',
    });
    stack.defer(() => server.stop());
    for (const peer of await callOf(server.url, protocol, stack)) {
      await expectSelected(peer, { protocol, address: '::1', port: server.mediaPort });
    }
  },
);
