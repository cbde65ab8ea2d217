/** Which ways media takes, and whether it gets through: what the badge and a banner say. */
import type { PortMode } from '@oneport/protocol';
import type { MediaInfo } from '../session/snapshot.ts';
import { isInUse, type MediaPath } from './media-paths.ts';

/** Milliseconds. ICE is done in one of these, or by TCP in two or three. */
const patience = 6_000;

export interface MediaStateOptions {
  onChange: (info: MediaInfo | undefined) => void;
  /** It gets through again, having been lost. */
  onBack: () => void;
}

export class MediaState {
  readonly #options: MediaStateOptions;
  #info: MediaInfo | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: MediaStateOptions) {
    this.#options = options;
  }

  get lost(): boolean {
    return this.#info?.lost === true;
  }

  /** @param paths - of all transports, those that are not connected yet included */
  pathsAre(paths: readonly MediaPath[], portMode: PortMode): void {
    const wasLost = this.lost;
    const lost = wasLost && !isInUse(paths);
    this.#set({ portMode, paths, lost });
    if (wasLost && !lost) {
      this.#options.onBack();
    }
  }

  /** There is something to receive from now on: it is lost if none of it comes for a while. */
  expect(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      if (this.#info && !isInUse(this.#info.paths)) {
        this.lose();
      }
    }, patience);
  }

  lose(): void {
    if (this.#info) {
      this.#set({ ...this.#info, lost: true });
    }
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#set(undefined);
  }

  #set(info: MediaInfo | undefined): void {
    this.#info = info;
    this.#options.onChange(info);
  }
}
