import type { Browser, BrowserContext, Locator, Page } from 'playwright-core';
import { pageComplaints, watchPeerConnections } from './page-instruments.ts';

export interface PeerPageOptions {
  browser: Browser;
  url: string;
  /** Undefined: the plain address without a room. */
  roomId?: string;
  name: string;
  /** The URL's fragment, for example with a token. */
  fragment?: string;
  /** Media over TCP only. */
  forceTcp?: boolean;
  /** The browser's permissions; by default for camera and microphone. */
  permissions?: string[];
  /** Called before the page is opened. */
  prepare?(page: Page): Promise<void>;
}

/** A peer in a call: a browser context of its own, operated by what a user sees. */
export class PeerPage {
  readonly name: string;
  readonly page: Page;
  readonly #context: BrowserContext;
  readonly #complaints: () => string[];

  private constructor(name: string, context: BrowserContext, page: Page) {
    this.name = name;
    this.page = page;
    this.#context = context;
    this.#complaints = pageComplaints(page);
  }

  /** Opens the prejoin screen. */
  static async open(options: PeerPageOptions): Promise<PeerPage> {
    const { browser, url, roomId, name, fragment = '', forceTcp = false, prepare } = options;
    const { permissions = ['camera', 'microphone'] } = options;
    const context = await browser.newContext({
      viewport: { width: 1100, height: 700 },
      ignoreHTTPSErrors: true,
    });
    await context.grantPermissions(permissions, { origin: url });
    await context.addInitScript(watchPeerConnections);
    const page = await context.newPage();
    const peer = new PeerPage(name, context, page);
    await prepare?.(page);
    const query = new URLSearchParams({
      ...(roomId ? { roomId } : {}),
      ...(forceTcp ? { forceTcp: '1' } : {}),
    });
    await page.goto(`${url}/?${query}${fragment && `#${fragment}`}`);
    return peer;
  }

  /** Opens the prejoin screen and joins. */
  static async join(options: PeerPageOptions): Promise<PeerPage> {
    const peer = await PeerPage.open(options);
    await peer.join();
    return peer;
  }

  /** Joins two peers at the same time. */
  static async joinBoth(
    options: Omit<PeerPageOptions, 'name'>,
    names: [string, string] = ['Alice', 'Bob'],
  ): Promise<[PeerPage, PeerPage]> {
    const [one, other] = names;
    return await Promise.all([
      PeerPage.join({ ...options, name: one }),
      PeerPage.join({ ...options, name: other }),
    ]);
  }

  /** Leaves the room, if it is in one, and joins another by the same page. */
  async joinRoom(roomId: string): Promise<void> {
    const address = new URL(this.page.url());
    address.searchParams.set('roomId', roomId);
    await this.page.goto(address.href);
    await this.join();
  }

  async join(): Promise<void> {
    try {
      await this.page.getByLabel('Your name').fill(this.name);
      await this.page.getByRole('button', { name: 'Join', exact: true }).click();
      await this.button('Leave').waitFor();
    } catch (error) {
      const shown = await this.page.locator('body').innerText();
      const details = [`The page shows: ${shown}`, ...this.#complaints()].join('\n');
      throw new Error(`${this.name} could not join.\n${details}`, { cause: error });
    }
  }

  button(name: string): Locator {
    return this.page.getByRole('button', { name, exact: true });
  }

  /** The tile of another peer's camera. */
  tile(name: string): Locator {
    return this.page.getByRole('article', { name, exact: true });
  }

  /** All statistics of every RTCPeerConnection of the page (W3C webrtc-stats). */
  async stats(): Promise<Stat[]> {
    return await this.page.evaluate(async () => {
      const reports = await Promise.all(window.peerConnections.map((pc) => pc.getStats()));
      return reports.flatMap((report) => [...report.values()]);
    });
  }

  /** The statistics of all received streams of a kind. */
  async inbound(kind: 'audio' | 'video'): Promise<Stat[]> {
    const stats = await this.stats();
    return stats.filter((stat) => stat.type === 'inbound-rtp' && stat.kind === kind);
  }

  /** The sum of a counter over all received streams of a kind. */
  async received(kind: 'audio' | 'video', counter: string): Promise<number> {
    const streams = await this.inbound(kind);
    return streams.reduce((sum, stream) => sum + Number(stream[counter] ?? 0), 0);
  }

  /** The remote candidates of each connection, from its SDP. */
  async candidates(): Promise<Candidate[][]> {
    const sdps = await this.page.evaluate(() =>
      window.peerConnections.map((pc) => pc.remoteDescription?.sdp ?? ''),
    );
    return sdps.map((sdp) => {
      // Each media section repeats the candidates.
      const lines = new Set(sdp.match(/^a=candidate:.*$/gm));
      return [...lines].map((line) => {
        const [, , protocol = '', , address = '', port] = line.split(' ');
        return { protocol: protocol.toLowerCase(), address, port: Number(port) };
      });
    });
  }

  /** The remote candidate of each connection's selected pair, from its statistics. */
  async selectedCandidates(): Promise<Candidate[]> {
    const stats = await this.stats();
    const byId = new Map(stats.map((stat) => [stat.id, stat]));
    return stats
      .filter((stat) => stat.type === 'transport')
      .map((transport) => byId.get(String(transport.selectedCandidatePairId)))
      .map((pair) => byId.get(String(pair?.remoteCandidateId)))
      .map((remote) => ({
        protocol: String(remote?.protocol),
        address: String(remote?.address),
        port: Number(remote?.port),
      }));
  }

  /** The difference between the brightest and the darkest pixel of a tile's video: 0 for a black one. */
  async contrast(tile: Locator): Promise<number> {
    return await tile.locator('video').evaluate((video: HTMLVideoElement) => {
      const canvas = document.createElement('canvas');
      [canvas.width, canvas.height] = [64, 48];
      const context = canvas.getContext('2d');
      context?.drawImage(video, 0, 0, 64, 48);
      const pixels = context?.getImageData(0, 0, 64, 48).data ?? [];
      const green = [...pixels].filter((_, i) => i % 4 === 1);
      return Math.max(...green) - Math.min(...green);
    });
  }

  /** Leaves the call, if it is in one, and closes the page. Without leaving, the server keeps the session for 5 s. */
  async close(): Promise<void> {
    const leave = this.button('Leave');
    if (await leave.isVisible()) {
      // Another peer may remove it at the same moment.
      await leave.click({ timeout: 2_000 }).catch(() => undefined);
    }
    await this.#context.close();
  }
}

/** An entry of RTCStatsReport. */
export type Stat = { id: string; type: string; [member: string]: unknown };

export interface Candidate {
  protocol: string;
  address: string;
  port: number;
}
