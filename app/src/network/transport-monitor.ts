/**
 * Looks at the transports of a connection again and again: which way media takes, whether anything
 * comes through, and whether there is a better way.
 */
import type { types } from 'mediasoup-client';
import { IceWatch } from './ice-restarter.ts';
import { heardIn, type MediaPath, selectedAddress } from './media-paths.ts';
import { Silence } from './silence-detector.ts';
import { UdpReturn } from './udp-retry.ts';

/** Milliseconds between two looks. */
const interval = 500;
/** Milliseconds. One transport alone may fall silent since nobody sends: so it is given time for a check of ICE's. */
const silentAlone = 6_000;

/** A mediasoup-client Transport and what the server said of it. */
export interface Link {
  readonly direction: MediaPath['direction'];
  readonly transport: types.Transport;
  readonly offered: readonly MediaPath[];
  /** Gets new ICE parameters from the server and applies them. */
  restartIce(): Promise<void>;
}

export interface NetworkWatchOptions {
  links: readonly Link[];
  /** Called after each look. */
  onPaths: (paths: MediaPath[]) => void;
  /** The server doesn't answer over the signalling connection that there is. */
  onNoAnswer: () => void;
  /** Nothing comes through, and nothing helped. */
  onLost: () => void;
}

interface WatchedLink extends Link {
  readonly ice: IceWatch;
  readonly silence: Silence;
  readonly udpReturn: UdpReturn;
}

export class NetworkWatch {
  readonly #options: NetworkWatchOptions;
  readonly #links: readonly WatchedLink[];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #over = false;

  constructor(options: NetworkWatchOptions) {
    this.#options = options;
    const { onNoAnswer, onLost } = options;
    this.#links = options.links.map((link) => {
      const silence = new Silence(performance.now());
      const ice = new IceWatch(link.transport, {
        restartIce: () => link.restartIce(),
        onFalseAlarm: () => silence.falseAlarm(performance.now()),
        onNoAnswer,
        onLost,
      });
      return { ...link, ice, silence, udpReturn: new UdpReturn(link.offered) };
    });
    void this.#lookAgain();
  }

  /** Another network, for all we know: every pair has to be found again, without waiting for silence. */
  networkChanged(): void {
    for (const { ice, udpReturn } of this.#links) {
      udpReturn.networkChanged();
      void ice.restart({ again: true });
    }
  }

  /** There is a new signalling connection, and the transports are the old ones. */
  signallingIsBack(): void {
    for (const { ice } of this.#links) {
      ice.signallingIsBack();
    }
  }

  stop(): void {
    this.#over = true;
    clearTimeout(this.#timer);
    for (const { ice } of this.#links) {
      ice.stop();
    }
  }

  async #lookAgain(): Promise<void> {
    const paths = await this.#look().catch((error: unknown) => {
      if (!this.#over) {
        console.warn('looking at the transports failed', error);
      }
      return [];
    });
    if (this.#over) {
      return;
    }
    this.#options.onPaths(paths);
    this.#timer = setTimeout(() => void this.#lookAgain(), interval);
  }

  async #look(): Promise<MediaPath[]> {
    const paths = await Promise.all(this.#links.map((link) => this.#lookAt(link)));
    if (this.#over) {
      return [];
    }
    const now = performance.now();
    const heard = this.#links.filter(({ silence }) => silence.heardOnce);
    const all = heard.every(({ silence }) => silence.unusual(now));
    for (const { silence, ice } of heard) {
      if (all || silence.unusual(now, silentAlone)) {
        void ice.restart();
      }
    }
    return paths.flat();
  }

  async #lookAt(link: WatchedLink): Promise<readonly MediaPath[]> {
    const { direction, transport, offered, ice, silence, udpReturn } = link;
    if (transport.closed) {
      return [];
    }
    const report = [...(await transport.getStats()).values()];
    const now = performance.now();
    if (silence.look(heardIn(report), now)) {
      ice.heard();
    }
    // A pair stays selected when nothing gets through it any more.
    const address = transport.connectionState === 'connected' ? selectedAddress(report) : undefined;
    if (udpReturn.isDue(address?.protocol, now)) {
      void ice.restart();
    }
    return address ? [{ direction, ...address, state: 'in-use' }] : offered;
  }
}
