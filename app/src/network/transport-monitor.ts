/**
 * Polls the transports of a media session: which path media takes, whether anything is received, and whether a better
 * path may be available.
 */
import type { types } from 'mediasoup-client';
import { IceRestarter } from './ice-restarter.ts';
import { type MediaPath, receivedCount, selectedAddress } from './media-paths.ts';
import { SilenceDetector } from './silence-detector.ts';
import { UdpRetry } from './udp-retry.ts';

/** Milliseconds between two polls. */
const interval = 500;
/**
 * Milliseconds. A single transport may be silent because no peer sends anything, so it gets time for an ICE check to
 * be answered.
 */
const singleTransportSilence = 6_000;

export interface MonitoredTransport {
  readonly direction: MediaPath['direction'];
  readonly transport: types.Transport;
  /** The paths that the server's candidates offer. */
  readonly offered: readonly MediaPath[];
  /** Gets new ICE parameters from the server and applies them. */
  restartIce(): Promise<void>;
}

export interface TransportMonitorOptions {
  transports: readonly MonitoredTransport[];
  /** Called after each poll. */
  onPaths: (paths: MediaPath[]) => void;
  /** The server doesn't answer on the current signalling connection. */
  onNoAnswer: () => void;
  /** Nothing is received, and ICE restarts did not help. */
  onLost: () => void;
}

interface Entry extends MonitoredTransport {
  readonly ice: IceRestarter;
  readonly silence: SilenceDetector;
  readonly udpRetry: UdpRetry;
}

export class TransportMonitor {
  readonly #options: TransportMonitorOptions;
  readonly #entries: readonly Entry[];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #stopped = false;

  constructor(options: TransportMonitorOptions) {
    this.#options = options;
    const { onNoAnswer, onLost } = options;
    this.#entries = options.transports.map((monitored) => {
      const silence = new SilenceDetector(performance.now());
      const ice = new IceRestarter(monitored.transport, {
        restartIce: () => monitored.restartIce(),
        onFalseAlarm: () => silence.falseAlarm(performance.now()),
        onNoAnswer,
        onLost,
      });
      return { ...monitored, ice, silence, udpRetry: new UdpRetry(monitored.offered) };
    });
    void this.#poll();
  }

  /** Restarts ICE without waiting for silence: after a network change every candidate pair is in doubt. */
  networkChanged(): void {
    for (const { ice, udpRetry } of this.#entries) {
      udpRetry.reset();
      void ice.restart({ force: true });
    }
  }

  /** There is a new signalling connection for the same transports. */
  signallingResumed(): void {
    for (const { ice } of this.#entries) {
      ice.signallingResumed();
    }
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    for (const { ice } of this.#entries) {
      ice.stop();
    }
  }

  async #poll(): Promise<void> {
    const paths = await this.#checkAll().catch((error: unknown) => {
      if (!this.#stopped) {
        console.warn('reading transport statistics failed', error);
      }
      return [];
    });
    if (this.#stopped) {
      return;
    }
    this.#options.onPaths(paths);
    this.#timer = setTimeout(() => void this.#poll(), interval);
  }

  async #checkAll(): Promise<MediaPath[]> {
    const paths = await Promise.all(this.#entries.map((entry) => this.#check(entry)));
    if (this.#stopped) {
      return [];
    }
    const now = performance.now();
    const active = this.#entries.filter(({ silence }) => silence.hasReceived);
    const allSilent = active.every(({ silence }) => silence.isSilent(now));
    for (const { silence, ice } of active) {
      if (allSilent || silence.isSilent(now, singleTransportSilence)) {
        void ice.restart();
      }
    }
    return paths.flat();
  }

  async #check(entry: Entry): Promise<readonly MediaPath[]> {
    const { direction, transport, offered, ice, silence, udpRetry } = entry;
    if (transport.closed) {
      return [];
    }
    const report = [...(await transport.getStats()).values()];
    const now = performance.now();
    if (silence.update(receivedCount(report), now)) {
      ice.received();
    }
    // A candidate pair stays selected after it stopped working.
    const address = transport.connectionState === 'connected' ? selectedAddress(report) : undefined;
    if (udpRetry.isDue(address?.protocol, now)) {
      void ice.restart();
    }
    return address ? [{ direction, ...address, state: 'in-use' }] : offered;
  }
}
