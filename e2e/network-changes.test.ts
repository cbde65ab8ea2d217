import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { chromiumOptions, launchChromium } from '../testkit/browser/chromium.ts';
import { frameTimes, logFrames, longestGap } from '../testkit/browser/page-instruments.ts';
import { PeerPage } from '../testkit/browser/peer-page.ts';
import { obstacleToSharedPort } from '../testkit/browser/port-matrix.ts';
import { type ServerProcess, startServerProcess } from '../testkit/servers/server-process.ts';
import { makeRoutedNetwork, wrapperInto } from '../testkit/system/network-namespaces.ts';

/** Runs of each change. With more than one, all modes are tested: for the figures in docs/network-changes.md. */
const runs = Number(process.env.NETWORK_RUNS ?? 1);
const patience = { timeout: 60_000, interval: 100 };
const modes = [
  ...(runs === 1 ? [] : ['true']),
  'false',
  ...(obstacleToSharedPort ? [] : ['shared']),
];
const main = fileURLToPath(new URL('../server/src/main.ts', import.meta.url));

const network = makeRoutedNetwork();

if (typeof network === 'string') {
  test.skip(`a call goes on when the network changes (${network})`);
} else {
  const stack = new AsyncDisposableStack();
  let far: Browser;
  let near: Browser;

  beforeAll(async () => {
    stack.use(network);
    const launch = async (namespace: string) => {
      const wrapper = stack.use(wrapperInto(namespace, chromiumOptions.executablePath));
      const browser = await launchChromium({ executablePath: wrapper.path });
      stack.defer(() => browser.close());
      return browser;
    };
    [far, near] = await Promise.all([launch(network.peer), launch(network.server)]);
  });
  afterAll(() => stack.disposeAsync());

  /** A call of Alice, whose network changes, and Bob, who is in the server's network. */
  const startCall = async (mode: string, call: AsyncDisposableStack) => {
    const server = await startServer(mode);
    call.defer(() => server.stop());
    const url = `https://${network.serverAddress}:${new URL(server.url).port}`;
    const prepare = async (page: Page) => {
      await page.addInitScript(logFrames);
    };
    const peers: PeerPage[] = [];
    for (const [name, browser] of [
      ['Alice', far],
      ['Bob', near],
    ] as const) {
      const peer = await PeerPage.join({ browser, url, roomId: 'net', name, prepare });
      call.defer(() => peer.close());
      peers.push(peer);
    }
    const [alice, bob] = peers as [PeerPage, PeerPage];
    for (const peer of peers) {
      await moreFrames(peer, 60);
    }
    for (const peer of peers) {
      await peer.page.evaluate(() => Object.assign(window, { mark: 1 }));
    }
    return { alice, bob };
  };

  const startServer = (mode: string): Promise<ServerProcess> =>
    startServerProcess(
      {
        MEDIASOUP_USE_WEBRTC_SERVER: mode,
        MEDIASOUP_LISTEN_IP: network.serverAddress,
        HTTP_HOST: network.serverAddress,
        HTTPS: 'self-signed',
      },
      { command: ['ip', 'netns', 'exec', network.server, process.execPath, main] },
    );

  /** Both directions of Alice's media. */
  const expectProtocol = async (alice: PeerPage, protocol: 'udp' | 'tcp') =>
    await expect
      .poll(async () => (await alice.selectedCandidates()).map((to) => to.protocol), patience)
      .toEqual([protocol, protocol]);

  /** Changes the network and waits for the expected result. */
  const measure = async (
    { alice, bob }: { alice: PeerPage; bob: PeerPage },
    what: string,
    change: () => void,
    until: () => Promise<void>,
  ) => {
    const since = Date.now();
    change();
    await until();
    for (const peer of [alice, bob]) {
      await moreFrames(peer, 30);
    }
    const gaps = await Promise.all(
      [alice, bob].map(async ({ page }) => longestGap(await frameTimes(page), since)),
    );
    console.log(`${what}: longest time without a frame: ${gaps.join(' and ')} ms`);
    // The page was not reloaded, and Alice never left.
    expect(await alice.page.evaluate(() => 'mark' in window)).toBe(true);
    expect(await bob.tile('Alice').count()).toBe(1);
  };

  test.each(modes)(
    'with MEDIASOUP_USE_WEBRTC_SERVER=%s a call survives another address, the loss of UDP, and its return',
    async (mode) => {
      await using call = new AsyncDisposableStack();
      const peers = await startCall(mode, call);
      const { alice } = peers;
      for (let run = 0; run < runs; run += 1) {
        await expectProtocol(alice, 'udp');
        let address = '';
        const change = () => {
          address = network.changeAddress();
        };
        await measure(peers, `${mode}: another address`, change, () =>
          expect.poll(() => localAddresses(alice), patience).toEqual([address, address]),
        );
        const { blockUdp, allowUdp } = network;
        await measure(peers, `${mode}: UDP blocked`, blockUdp, () => expectProtocol(alice, 'tcp'));
        await measure(peers, `${mode}: UDP allowed`, allowUdp, () => expectProtocol(alice, 'udp'));
      }
    },
    runs * 120_000,
  );
}

/** Waits until this many more frames have been decoded. */
async function moreFrames(peer: PeerPage, count: number): Promise<void> {
  const frames = () => peer.received('video', 'framesDecoded');
  const before = await frames();
  await expect.poll(frames, patience).toBeGreaterThan(before + count);
}

/** The local addresses of a peer's selected pairs, from its own statistics. */
async function localAddresses(peer: PeerPage): Promise<string[]> {
  const stats = await peer.stats();
  const byId = new Map(stats.map((stat) => [stat.id, stat]));
  return stats
    .filter((stat) => stat.type === 'transport')
    .map((transport) => byId.get(String(transport.selectedCandidatePairId)))
    .map((pair) => String(byId.get(String(pair?.localCandidateId))?.address));
}
