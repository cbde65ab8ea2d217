/** Which paths media takes and whether it gets through: what the port badge and a banner show. */
import type { PortMode } from '@oneport/protocol';
import { isInUse, type MediaPath } from './media-paths.ts';

export interface MediaInfo {
  readonly portMode: PortMode;
  /** Of all transports. */
  readonly paths: readonly MediaPath[];
  /** Media gets through on at least one of the paths. */
  readonly connected: boolean;
  /** Nothing has got through for a while, although it should. */
  readonly lost: boolean;
}

/** Milliseconds. ICE needs less than one second by UDP, and two or three by TCP. */
const timeout = 6_000;

export interface MediaStatusOptions {
  onChange: (info: MediaInfo | undefined) => void;
  /** Media gets through again after it was lost. */
  onRestored: () => void;
}

export class MediaStatus {
  readonly #options: MediaStatusOptions;
  #info: MediaInfo | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: MediaStatusOptions) {
    this.#options = options;
  }

  get lost(): boolean {
    return this.#info?.lost === true;
  }

  /** @param paths - of all transports, including those that are not connected yet */
  setPaths(paths: readonly MediaPath[], portMode: PortMode): void {
    const wasLost = this.lost;
    const connected = isInUse(paths);
    const lost = wasLost && !connected;
    this.#set({ portMode, paths, connected, lost });
    if (wasLost && !lost) {
      this.#options.onRestored();
    }
  }

  /** From now on there is something to receive: media is lost if nothing gets through for a while. */
  expectMedia(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      if (this.#info?.connected === false) {
        this.markLost();
      }
    }, timeout);
  }

  markLost(): void {
    if (this.#info) {
      this.#set({ ...this.#info, lost: true });
    }
  }

  reset(): void {
    clearTimeout(this.#timer);
    this.#set(undefined);
  }

  #set(info: MediaInfo | undefined): void {
    this.#info = info;
    this.#options.onChange(info);
  }
}
