/** Video reaches other browsers in the size of its source, and both sides learn when it can't reach them at all. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchChromium } from '../testkit/browser/chromium.ts';
import { PeerPage } from '../testkit/browser/peer-page.ts';
import { type ServerProcess, startServerProcess } from '../testkit/servers/server-process.ts';

const patience = { timeout: 40_000, interval: 100 };

declare global {
  interface Window {
    /** The source of the shared screen. */
    sharedScreen: HTMLCanvasElement;
  }
}

/** Runs in the page, before its own scripts: a camera for each size, and a screen that can be resized. */
function installCanvasCameras(sizes: string[]): void {
  const { mediaDevices } = navigator;
  const source = (size: string) => {
    const canvas = document.createElement('canvas');
    [canvas.width = 0, canvas.height = 0] = size.split('x').map(Number);
    const context = canvas.getContext('2d');
    const draw = () => {
      if (context) {
        context.fillStyle = `hsl(${(performance.now() / 10) % 360} 60% 50%)`;
        context.fillRect(0, 0, canvas.width, canvas.height);
      }
    };
    draw();
    setInterval(draw, 200);
    return { canvas, stream: canvas.captureStream(5) };
  };
  mediaDevices.enumerateDevices = async () =>
    sizes.map((size) => ({
      kind: 'videoinput',
      deviceId: size,
      groupId: size,
      label: size,
    })) as unknown as MediaDeviceInfo[];
  mediaDevices.getUserMedia = async ({ video } = {}) => {
    const { deviceId } = (video || {}) as { deviceId?: { ideal: string } };
    const size = deviceId?.ideal ?? sizes[0];
    if (!video || size === undefined) {
      throw new DOMException('', 'NotFoundError');
    }
    return source(size).stream;
  };
  mediaDevices.getDisplayMedia = async () => {
    const { canvas, stream } = source('800x600');
    window.sharedScreen = canvas;
    return stream;
  };
}

/** Runs in the page, before its own scripts: a browser that supports no other video codec than H264. */
function supportOnlyH264(): void {
  const add = RTCPeerConnection.prototype.addTransceiver;
  RTCPeerConnection.prototype.addTransceiver = function (...args) {
    const transceiver = add.apply(this, args);
    if (args[0] === 'video') {
      const { codecs = [] } = RTCRtpReceiver.getCapabilities('video') ?? {};
      transceiver.setCodecPreferences(codecs.filter(({ mimeType }) => /h264|rtx/i.test(mimeType)));
    }
    return transceiver;
  };
}

let browser: Browser;
let server: ServerProcess;
let alice: PeerPage;
let bob: PeerPage;

async function join(name: string, prepare: (page: Page) => Promise<unknown>): Promise<PeerPage> {
  const peer = await PeerPage.open({
    browser,
    url: server.url,
    roomId: 'sizes',
    name,
    prepare: async (page) => void (await prepare(page)),
  });
  await peer.join();
  return peer;
}

const cameras = ['640x480', '320x240', '360x640', '1920x1080', '426x240', '1280x720'];

beforeAll(async () => {
  [browser, server] = await Promise.all([
    launchChromium(),
    startServerProcess({ LOG_LEVEL: 'info' }),
  ]);
  alice = await join('Alice', (page) => page.addInitScript(installCanvasCameras, cameras));
  bob = await join('Bob', (page) => page.addInitScript(installCanvasCameras, []));
  // Large enough for every layer.
  await bob.page.setViewportSize({ width: 1800, height: 900 });
});

afterAll(async () => {
  await browser?.close();
  await server?.stop();
});

/** The size of what a peer decodes. */
const sizeOf = (peer: PeerPage, tile: string) =>
  peer
    .tile(tile)
    .locator('video')
    .evaluate((video: HTMLVideoElement) => `${video.videoWidth}x${video.videoHeight}`);

test('a camera of any size is decoded in its own size, also after it was exchanged in the call', async () => {
  await expect.poll(() => sizeOf(bob, 'Alice'), patience).toBe('640x480');
  await alice.button('Devices').click();
  for (const size of [...cameras.slice(1), '640x480']) {
    await alice.page.getByLabel('Camera', { exact: true }).selectOption(size);
    await expect.poll(() => sizeOf(bob, 'Alice'), { ...patience, message: size }).toBe(size);
  }
  await alice.page.keyboard.press('Escape');
});

test('a shared window is decoded in its own size, also after it was resized', async () => {
  await alice.button('Share screen').click();
  const screen = 'Alice’s screen';
  await bob.tile(screen).locator('video').waitFor();
  await expect.poll(() => sizeOf(bob, screen), patience).toBe('800x600');
  await alice.page.evaluate(() => {
    Object.assign(window.sharedScreen, { width: 1600, height: 1000 });
  });
  await expect.poll(() => sizeOf(bob, screen), patience).toBe('1600x1000');
  await alice.button('Stop sharing').click();
});

test('peers without a common codec both learn why nothing is seen', async () => {
  const carol = await join('Carol', async (page) => {
    await page.addInitScript(supportOnlyH264);
    await page.addInitScript(installCanvasCameras, ['320x240']);
  });
  await carol.tile('Alice').getByText('It doesn’t support VP8').waitFor();
  await alice.page.getByText('Carol can’t receive your camera').waitFor();
  // Alice's browser supports H264 too.
  await expect.poll(() => sizeOf(alice, 'Carol'), patience).toBe('320x240');
  expect(server.output().match(/no common codec/g)).toHaveLength(1);
  await alice.button('Turn camera off').click();
  await carol.tile('Alice').getByText('It doesn’t support VP8').waitFor({ state: 'detached' });
  await carol.close();
});
