import { type Browser, chromium } from 'playwright-core';
import { chromiumOptions } from '../../testkit/browser/chromium.ts';
import { firstFramesAfter, recordFirstFrames } from '../../testkit/browser/page-instruments.ts';
import { PeerPage, type Stat } from '../../testkit/browser/peer-page.ts';

/** Sums of all received videos, since `measure`. */
export interface WitnessReport {
  /** From pressing Join to the first decoded frame of each video, in ms. */
  firstFrames: number[];
  videos: number;
  framesDecoded: number;
  /** W3C webrtc-stats: gaps between frames of three times the average and 150 ms more. */
  freezes: number;
  frozenSeconds: number;
}

const counters = ['framesDecoded', 'freezeCount', 'totalFreezesDuration'] as const;
type Sums = Record<(typeof counters)[number], number>;

/** A Chromium in one of the rooms, which decodes what the load generator only checks. */
export class Witness implements AsyncDisposable {
  readonly #browser: Browser;
  readonly #peer: PeerPage;
  readonly #joinedAt: number;
  #before: Sums = { framesDecoded: 0, freezeCount: 0, totalFreezesDuration: 0 };

  /**
   * Opens the page and joins, as a person does.
   *
   * @param url - the page's, without its query
   * @throws Error when there is no Chromium, or the page can't join
   */
  static async join(url: string, roomId: string, token?: string): Promise<Witness> {
    const browser = await chromium.launch({
      ...chromiumOptions,
      // It publishes nothing: its encoder would take time from the load generator.
      args: [...chromiumOptions.args, '--deny-permission-prompts'],
    });
    try {
      const peer = await PeerPage.open({
        browser,
        url: url.replace(/\/$/, ''),
        roomId,
        name: 'Witness',
        permissions: [],
        prepare: recordFirstFrames,
        ...(token && { fragment: `token=${token}` }),
      });
      const joinedAt = Date.now();
      await peer.join();
      return new Witness(browser, peer, joinedAt);
    } catch (error) {
      await browser.close();
      throw error;
    }
  }

  private constructor(browser: Browser, peer: PeerPage, joinedAt: number) {
    this.#browser = browser;
    this.#peer = peer;
    this.#joinedAt = joinedAt;
  }

  /** Counts from now on. */
  async measure(): Promise<void> {
    this.#before = sumsOf(await this.#videos());
  }

  async report(): Promise<WitnessReport> {
    const videos = await this.#videos();
    const sums = sumsOf(videos);
    const before = this.#before;
    return {
      firstFrames: await firstFramesAfter(this.#peer.page, this.#joinedAt),
      videos: videos.length,
      framesDecoded: sums.framesDecoded - before.framesDecoded,
      freezes: sums.freezeCount - before.freezeCount,
      frozenSeconds: sums.totalFreezesDuration - before.totalFreezesDuration,
    };
  }

  async #videos(): Promise<Stat[]> {
    const streams = await this.#peer.inbound('video');
    // mediasoup-client receives probes for bandwidth as a video of their own.
    return streams.filter(({ mid }) => mid !== 'probator');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#peer.close();
    await this.#browser.close();
  }
}

function sumsOf(videos: readonly Stat[]): Sums {
  const sum = (counter: keyof Sums) =>
    videos.reduce((total, video) => total + Number(video[counter] ?? 0), 0);
  return {
    framesDecoded: sum('framesDecoded'),
    freezeCount: sum('freezeCount'),
    totalFreezesDuration: sum('totalFreezesDuration'),
  };
}
