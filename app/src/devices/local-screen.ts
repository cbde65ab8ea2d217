/** The shared screen, window or tab, with its sound if the browser captures it. */
import type { Capture } from './capture.ts';

export type LocalScreen =
  | { readonly state: 'unsupported' }
  | { readonly state: 'off' }
  | { readonly state: 'opening' }
  | {
      readonly state: 'on';
      readonly track: MediaStreamTrack;
      readonly audio: MediaStreamTrack | undefined;
    };

export class ScreenShare {
  readonly #capture: Capture;
  readonly #onChange: () => void;
  /** Tracks that arrive for an earlier request are stopped. */
  #request = 0;
  #allowed = true;
  #state: LocalScreen;

  constructor(capture: Capture, onChange: () => void) {
    this.#capture = capture;
    this.#onChange = onChange;
    this.#state = this.#off;
  }

  get state(): LocalScreen {
    return this.#state;
  }

  /** Stops sharing when it is no longer allowed. */
  setAllowed(allowed: boolean): void {
    if (allowed !== this.#allowed) {
      this.#allowed = allowed;
      this.stop();
    }
  }

  /** Rejects with DeviceError if there is nothing to share; 'denied' if the user picked nothing. */
  async start(): Promise<void> {
    if (!this.#allowed) {
      return;
    }
    this.#request += 1;
    const request = this.#request;
    this.#set({ state: 'opening' });
    let tracks: MediaStreamTrack[];
    try {
      tracks = await this.#capture.openScreen();
    } catch (error) {
      if (request === this.#request) {
        this.#set(this.#off);
      }
      throw error;
    }
    const track = tracks.find(({ kind }) => kind === 'video');
    if (request !== this.#request || !track) {
      for (const unused of tracks) {
        unused.stop();
      }
      if (request === this.#request) {
        this.#set(this.#off);
      }
      return;
    }
    track.addEventListener('ended', () => {
      if (request === this.#request) {
        this.stop();
      }
    });
    const audio = tracks.find(({ kind }) => kind === 'audio');
    audio?.addEventListener('ended', () => {
      if (request === this.#request) {
        this.#set({ state: 'on', track, audio: undefined });
      }
    });
    this.#set({ state: 'on', track, audio });
  }

  stop(): void {
    this.#request += 1;
    if (this.#state.state === 'on') {
      this.#state.track.stop();
      this.#state.audio?.stop();
    }
    this.#set(this.#off);
  }

  get #off(): LocalScreen {
    return { state: this.#allowed && this.#capture.canShareScreen() ? 'off' : 'unsupported' };
  }

  #set(state: LocalScreen): void {
    this.#state = state;
    this.#onChange();
  }
}
