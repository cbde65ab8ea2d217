import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launchChromium } from '../testkit/browser/chromium.ts';
import { PeerPage } from '../testkit/browser/peer-page.ts';
import {
  obstacleToSharedPort,
  portVariants,
  startServerFor,
} from '../testkit/browser/port-matrix.ts';
import { openPorts, type ServerProcess } from '../testkit/servers/server-process.ts';

const patience = { timeout: 30_000, interval: 200 };

/** Waits until a counter has not moved for half a second. */
async function untilStill(read: () => Promise<number>): Promise<void> {
  let last = Number.NaN;
  const isStill = async () => {
    const before = last;
    last = await read();
    return last === before;
  };
  await expect.poll(isStill, { ...patience, interval: 500 }).toBe(true);
}

let browser: Browser;

beforeAll(async () => {
  browser = await launchChromium();
});

afterAll(() => browser.close());

test.runIf(obstacleToSharedPort)(`shared-port: ${obstacleToSharedPort}`, ({ skip }) => skip());

// The browser can't tell the port modes apart: the same steps pass in each of them.
describe.each(portVariants)(
  'a call in $mode over $protocol, HTTP on that port: $httpOnMediaPort',
  (variant) => {
    const { mode, protocol } = variant;
    let server: ServerProcess;
    let alice: PeerPage;
    let bob: PeerPage;

    beforeAll(async () => {
      server = await startServerFor(variant, { MEDIASOUP_NUM_WORKERS: '2' });
      const options = { browser, url: server.url, roomId: 'call', forceTcp: protocol === 'tcp' };
      [alice, bob] = await PeerPage.joinBoth(options);
    });

    afterAll(async () => {
      await Promise.all([alice?.close(), bob?.close()]);
      await server?.stop();
    });

    test('SP-1.2: both peers see each other’s video moving and not black', async () => {
      for (const [here, there] of [
        [alice, 'Bob'],
        [bob, 'Alice'],
      ] as const) {
        await here.tile(there).waitFor();
        await expect
          .poll(() => here.received('video', 'framesDecoded'), patience)
          .toBeGreaterThan(0);
        const frames = await here.received('video', 'framesDecoded');
        await expect
          .poll(() => here.received('video', 'framesDecoded'), patience)
          .toBeGreaterThan(frames + 10);
        await expect.poll(() => here.contrast(here.tile(there)), patience).toBeGreaterThan(50);
      }
    });

    test('both peers hear each other', async () => {
      for (const here of [alice, bob]) {
        await expect
          .poll(() => here.received('audio', 'totalAudioEnergy'), patience)
          .toBeGreaterThan(0);
        const energy = await here.received('audio', 'totalAudioEnergy');
        await expect
          .poll(() => here.received('audio', 'totalAudioEnergy'), patience)
          .toBeGreaterThan(energy);
      }
    });

    test('offers exactly the candidates of the port mode', async () => {
      const offered = [...(await alice.candidates()), ...(await bob.candidates())];
      expect(offered, 'two peers with two transports each').toHaveLength(4);
      const expected = protocol === 'tcp' ? ['tcp'] : ['udp', 'tcp'];
      for (const candidates of offered) {
        expect(candidates.map((candidate) => candidate.protocol)).toEqual(expected);
        expect(new Set(candidates.map(({ address }) => address))).toEqual(new Set(['127.0.0.1']));
      }

      const ports = (of: string) =>
        offered
          .flat()
          .filter((one) => one.protocol === of)
          .map(({ port }) => port);
      for (const one of expected) {
        if (mode === 'multi-port') {
          expect(new Set(ports(one)).size, 'one for each transport').toBe(4);
        } else {
          expect(new Set(ports(one))).toEqual(new Set([server.mediaPort]));
        }
      }

      const summary = await openPorts(server.url);
      expect(summary.mode).toBe(mode);
      const open = summary.ports.filter(({ transports }) => transports > 0);
      const announced = open.flatMap(({ protocol, announced: addresses }) =>
        addresses.map((one) => ({ protocol, ...one })),
      );
      expect(new Set(announced.map((one) => `${one.protocol} ${one.address} ${one.port}`))).toEqual(
        new Set(offered.flat().map((one) => `${one.protocol} ${one.address} ${one.port}`)),
      );
    });

    test('sends media over the chosen protocol to the offered candidates', async () => {
      for (const peer of [alice, bob]) {
        const offered = (await peer.candidates()).flat();
        // TCP may be ready before UDP, which the page then returns to.
        const protocols = async () => (await peer.selectedCandidates()).map((one) => one.protocol);
        await expect.poll(protocols, patience).toEqual([protocol, protocol]);
        for (const candidate of await peer.selectedCandidates()) {
          expect(candidate.protocol).toBe(protocol);
          expect(offered).toContainEqual(candidate);
        }
      }
    });

    test('shows the port mode and the port in the badge', async () => {
      const [selected] = await alice.selectedCandidates();
      const badge = alice.page.getByTestId('port-badge');
      await expect.poll(() => badge.textContent(), patience).toContain(String(selected?.port));
      const text = await badge.textContent();
      expect(text).toContain(mode);
      expect(text?.toLowerCase()).toContain(protocol);
    });

    test('marks the active speaker, and no peer while all are muted', async () => {
      const speaking = () => bob.tile('Alice').getAttribute('data-speaking');
      await bob.button('Mute microphone').click();
      await expect.poll(speaking, patience).toBe('true');
      await alice.button('Mute microphone').click();
      await expect.poll(speaking, patience).toBe('false');
      for (const peer of [alice, bob]) {
        await peer.button('Unmute microphone').click();
      }
    });

    test('muting stops the audio, and unmuting restores it', async () => {
      await alice.button('Mute microphone').click();
      await expect.poll(() => bob.tile('Alice').getAttribute('data-muted'), patience).toBe('true');
      const packets = () => bob.received('audio', 'packetsReceived');
      const energy = () => bob.received('audio', 'totalAudioEnergy');
      // Packets in flight still arrive and are played out.
      await untilStill(packets);
      await untilStill(energy);
      const [stillPackets, stillEnergy] = [await packets(), await energy()];
      await sleep(1000);
      expect([await packets(), await energy()]).toEqual([stillPackets, stillEnergy]);

      await alice.button('Unmute microphone').click();
      await expect.poll(() => bob.tile('Alice').getAttribute('data-muted'), patience).toBe('false');
      await expect.poll(packets, patience).toBeGreaterThan(stillPackets);
      await expect.poll(energy, patience).toBeGreaterThan(stillEnergy);
    });

    test('turning the camera off removes the video, and turning it on restores it', async () => {
      await alice.button('Turn camera off').click();
      await expect.poll(() => bob.tile('Alice').locator('video:visible').count(), patience).toBe(0);
      await alice.button('Turn camera on').click();
      await expect.poll(() => bob.tile('Alice').locator('video').count(), patience).toBe(1);
      await expect.poll(() => bob.contrast(bob.tile('Alice')), patience).toBeGreaterThan(50);
    });

    test('delivers a chat message', async () => {
      for (const peer of [alice, bob]) {
        await peer.button('Open chat').click();
      }
      await alice.page.getByLabel('Message', { exact: true }).fill('Good morning, Bob');
      await alice.button('Send').click();
      await bob.page.getByRole('log', { name: 'Chat' }).getByText('Good morning, Bob').waitFor();
      for (const peer of [alice, bob]) {
        await peer.button('Close chat').click();
      }
    });

    test('shows a shared screen as a tile of its own, in addition to the camera', async () => {
      const frames = await bob.received('video', 'framesDecoded');
      await alice.button('Share screen').click();
      const screen = bob.tile('Alice’s screen');
      await screen.waitFor();
      await expect.poll(() => bob.contrast(screen), patience).toBeGreaterThan(20);
      await bob.tile('Alice').locator('video').waitFor();
      await expect
        .poll(() => bob.received('video', 'framesDecoded'), patience)
        .toBeGreaterThan(frames);

      await alice.button('Stop sharing').click();
      await screen.waitFor({ state: 'detached' });
      await bob.tile('Alice').waitFor();
    });

    test('leaving removes the tile', async () => {
      await alice.button('Leave').click();
      await bob.tile('Alice').waitFor({ state: 'detached' });
    });

    test('closes all transports after the peers have left', async () => {
      await bob.button('Leave').click();
      await expect
        .poll(async () => {
          const { ports } = await openPorts(server.url);
          return ports.reduce((sum, { transports }) => sum + transports, 0);
        }, patience)
        .toBe(0);
    });
  },
);
