/** How long joining takes in a browser that is far away: our app, and the official demo's flow. */
import { fileURLToPath } from 'node:url';
import { signallingPath } from '@oneport/protocol';
import { type Browser, chromium, type Page } from 'playwright-core';
import { build } from 'vite';
import { chromiumOptions } from '../../testkit/browser/chromium.ts';
import { firstFramesAfter, recordFirstFrames } from '../../testkit/browser/page-instruments.ts';
import { PeerPage } from '../../testkit/browser/peer-page.ts';
import { eventually } from '../../testkit/system/eventually.ts';
import { LoadPeer } from '../load/load-peer.ts';
import { noPackets } from '../load/received-stream.ts';
import { NtpClock } from '../load/rtp-packet.ts';
import { noSizes } from '../load/size-runs.ts';
import type { Measured, SubjectOptions } from '../scenario.ts';
import { portModes, startPinnedServer } from '../server-subject.ts';
import { type DelayRelay, openDelayRelay, relayAddress } from './delay-relay.ts';

const roomId = 'joining';

/** The browser that joins, and its way to the server. */
interface Place {
  browser: Browser;
  /** The page's URL, through the relay. */
  url: string;
  relay: DelayRelay;
}

/** Joins, while the relay has its delay; the page is loaded before. */
type Client = (place: Place, rtt: number) => Promise<number>;

/** @param client - our app, or the demo's flow */
export async function measureJoining(
  options: SubjectOptions,
  client: 'app' | 'demo',
  rtt: number,
): Promise<Measured> {
  const join = { app: joinByApp, demo: joinAsDemo }[client];
  const [setup] = portModes(options);
  if (!setup) {
    throw new Error('no port mode');
  }
  await using stack = new AsyncDisposableStack();
  const server = await startPinnedServer(setup, {
    HTTP_HOST: '127.0.0.1',
    MEDIASOUP_ANNOUNCED_ADDRESS: relayAddress,
  });
  stack.defer(() => server.stop());
  const httpPort = Number(new URL(server.url).port);
  const relay = await openDelayRelay(httpPort, server.mediaPort);
  stack.use(relay);
  const browser = await chromium.launch(receiverOptions);
  stack.defer(() => browser.close());
  const publisher = await publish(httpPort);
  stack.defer(() => publisher.close());
  const place = { browser, relay, url: `http://${relayAddress}:${httpPort}` };
  // The first join also loads and compiles code.
  await join(place, 0);
  const near = await join(place, 0);
  if (rtt === 0) {
    return { figures: { frame: near }, invalid: [] };
  }
  const far = await join(place, rtt);
  return { figures: { frame: far, roundTrips: (far - near) / rtt }, invalid: [] };
}

/** It publishes nothing: its encoder would take time from what is measured. */
const receiverOptions = {
  ...chromiumOptions,
  args: [...chromiumOptions.args, '--deny-permission-prompts'],
};

async function publish(httpPort: number): Promise<{ close(): void }> {
  const peer = await LoadPeer.join({
    signalling: `ws://127.0.0.1:${httpPort}${signallingPath}`,
    verifyTls: true,
    roomId,
    peerId: 'publisher',
    publish: 'vp8',
    layer: undefined,
    clock: new NtpClock(BigInt(NtpClock.offsetNow())),
    counts: noPackets(),
    sizes: noSizes(),
    onDelay() {},
    onLate() {},
    onLost() {},
  });
  const timer = setInterval(() => peer.send(performance.now()), 1);
  return {
    close() {
      clearInterval(timer);
      peer.close();
    },
  };
}

const joinByApp: Client = async ({ browser, url, relay }, rtt) => {
  relay.rtt = 0;
  const options = { browser, url, roomId, name: 'Far away', permissions: [] };
  const peer = await PeerPage.open({ ...options, prepare });
  relay.rtt = rtt;
  await peer.join();
  const time = await untilFirstFrame(peer.page);
  relay.rtt = 0;
  await peer.close();
  return time;
};

let bundled: Promise<string> | undefined;

const joinAsDemo: Client = async ({ browser, url, relay }, rtt) => {
  bundled ??= bundleDemoClient();
  relay.rtt = 0;
  // Its policy forbids scripts that are not the server's.
  const context = await browser.newContext({ bypassCSP: true });
  const page = await context.newPage();
  await prepare(page);
  await page.goto(`${url}/health`);
  await page.addScriptTag({ content: await bundled });
  relay.rtt = rtt;
  const query = `roomId=${roomId}&peerId=demo-${Date.now()}&produce=1&consume=1`;
  await page.evaluate(
    (socketUrl) => window.demoClient.join(socketUrl),
    `${url.replace('http', 'ws')}${signallingPath}?${query}`,
  );
  const time = await untilFirstFrame(page);
  relay.rtt = 0;
  await context.close();
  return time;
};

declare global {
  interface Window {
    demoClient: typeof import('./demo-client.ts');
    /** When the page opened its first WebSocket for signalling, in ms since the epoch. */
    socketOpenedAt: number | undefined;
  }
}

async function prepare(page: Page): Promise<void> {
  await recordFirstFrames(page);
  await page.addInitScript(watchSocket);
}

/** Runs in the page, before its own scripts. */
function watchSocket(): void {
  const Original = window.WebSocket;
  window.WebSocket = class extends Original {
    constructor(url: string | URL, protocols?: string | string[]) {
      super(url, protocols);
      window.socketOpenedAt ??= Date.now();
    }
  };
}

/** @returns ms from opening the WebSocket to the first decoded frame */
async function untilFirstFrame(page: Page): Promise<number> {
  let time = 0;
  await eventually(async () => {
    const openedAt = await page.evaluate(() => window.socketOpenedAt);
    const [first] = openedAt === undefined ? [] : await firstFramesAfter(page, openedAt);
    if (first === undefined) {
      throw new Error('no frame was decoded');
    }
    time = first;
  });
  return time;
}

/** @returns a script that defines `demoClient` */
async function bundleDemoClient(): Promise<string> {
  const result = await build({
    configFile: false,
    logLevel: 'error',
    build: {
      write: false,
      lib: {
        entry: fileURLToPath(new URL('demo-client.ts', import.meta.url)),
        formats: ['iife'],
        name: 'demoClient',
      },
    },
  });
  const [output] = [result].flat().flatMap((one) => ('output' in one ? one.output : []));
  if (output?.type !== 'chunk') {
    throw new Error('vite made no script');
  }
  return output.code;
}
