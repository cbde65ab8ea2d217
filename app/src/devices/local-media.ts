/**
 * The local microphone, camera and screen. They outlive every media session, so that the same tracks can be produced
 * again.
 */
import type { Publishable } from '@oneport/protocol';
import { Store } from '../store.ts';
import {
  canShareScreen,
  type DeviceList,
  type DeviceProblem,
  isPermitted,
  listDevices,
  noDevices,
  openDevices,
  openScreen,
  problemOf,
  watchDevices,
} from './devices.ts';

/** The local microphone or camera. */
export type LocalSource =
  | { readonly state: 'off' }
  | { readonly state: 'opening' }
  | { readonly state: 'on'; readonly track: MediaStreamTrack }
  /** Open but silent, so that unmuting takes no time. Microphones only. */
  | { readonly state: 'muted'; readonly track: MediaStreamTrack }
  | { readonly state: 'problem'; readonly problem: DeviceProblem }
  /** The token doesn't permit sending it. */
  | { readonly state: 'forbidden' };

export type LocalScreen =
  | { readonly state: 'unsupported' }
  | { readonly state: 'off' }
  | { readonly state: 'opening' }
  | {
      readonly state: 'on';
      readonly track: MediaStreamTrack;
      readonly audio: MediaStreamTrack | undefined;
    };

export interface LocalMediaState {
  readonly microphone: LocalSource;
  readonly camera: LocalSource;
  readonly screen: LocalScreen;
  readonly devices: DeviceList;
}

/** Device access; replaced in tests. */
export interface Capture {
  openDevices: typeof openDevices;
  openScreen: typeof openScreen;
  canShareScreen: typeof canShareScreen;
  listDevices: typeof listDevices;
  watchDevices: typeof watchDevices;
  isPermitted: typeof isPermitted;
}

const browserCapture: Capture = {
  openDevices,
  openScreen,
  canShareScreen,
  listDevices,
  watchDevices,
  isPermitted,
};

type Kind = 'microphone' | 'camera';
const trackKind = { microphone: 'audio', camera: 'video' } as const;

export interface LocalMediaOptions {
  microphoneId: string;
  cameraId: string;
  capture?: Capture;
}

export class LocalMedia {
  readonly #capture: Capture;
  readonly #store: Store<LocalMediaState>;
  readonly #deviceIds: Record<Kind, string>;
  /** The newest request of each kind. Tracks that arrive for an older one are stopped. */
  readonly #requests: Record<Kind | 'screen', number> = { microphone: 0, camera: 0, screen: 0 };
  #screenAllowed = true;

  constructor(options: LocalMediaOptions) {
    this.#capture = options.capture ?? browserCapture;
    this.#deviceIds = { microphone: options.microphoneId, camera: options.cameraId };
    this.#store = new Store<LocalMediaState>({
      microphone: { state: 'off' },
      camera: { state: 'off' },
      screen: this.#screenOff(),
      devices: noDevices,
    });
    this.#capture.watchDevices(() => void this.refreshDevices());
  }

  get state(): LocalMediaState {
    return this.#store.get();
  }

  /** Which devices are open: not always the requested ones. */
  get openDeviceIds(): Readonly<Record<Kind, string | undefined>> {
    const idOf = (source: LocalSource) =>
      source.state === 'on' || source.state === 'muted'
        ? source.track.getSettings().deviceId
        : undefined;
    return { microphone: idOf(this.state.microphone), camera: idOf(this.state.camera) };
  }

  subscribe(listener: () => void): () => void {
    return this.#store.subscribe(listener);
  }

  /**
   * Closes the devices that may not be used, and keeps them closed.
   *
   * @param publish - what may be sent from now on
   */
  setAllowed(publish: readonly Publishable[]): void {
    for (const kind of ['microphone', 'camera'] as const) {
      const forbidden = this.#isForbidden(kind);
      if (publish.includes(kind)) {
        if (forbidden) {
          this.#store.update({ [kind]: { state: 'off' } });
        }
      } else if (!forbidden) {
        this.#close(kind);
        this.#store.update({ [kind]: { state: 'forbidden' } });
      }
    }
    const screenAllowed = publish.includes('screen');
    if (screenAllowed === this.#screenAllowed) {
      return;
    }
    this.#screenAllowed = screenAllowed;
    this.stopScreen();
  }

  /** Opens the requested devices, with a single permission prompt. */
  async open(requested: { microphone: boolean; camera: boolean }): Promise<void> {
    const kinds = (['microphone', 'camera'] as const).filter(
      (kind) => requested[kind] && !this.#isForbidden(kind),
    );
    const started = kinds.map((kind) => ({ kind, request: this.#begin(kind) }));
    let tracks: MediaStreamTrack[];
    try {
      tracks = started.length === 0 ? [] : await this.#openTracks(kinds);
    } catch (error) {
      await Promise.all(
        started.map(async ({ kind, request }) => {
          const problem = problemOf(error);
          // If one of the two is denied or missing, the other one may still be available.
          const separately =
            kinds.length > 1 &&
            problem !== 'insecure' &&
            (problem !== 'denied' || (await this.#capture.isPermitted(kind)));
          if (separately) {
            await this.#openOne(kind, request);
          } else {
            this.#settle(kind, request, { state: 'problem', problem });
          }
        }),
      );
      await this.refreshDevices();
      return;
    }
    for (const { kind, request } of started) {
      this.#use(kind, request, tracks);
    }
    await this.refreshDevices();
  }

  /** Mutes or unmutes; opens the microphone if it isn't open. */
  async setMicrophone(on: boolean): Promise<void> {
    const { microphone } = this.state;
    if (microphone.state === 'forbidden') {
      return;
    }
    if (microphone.state === 'on' || microphone.state === 'muted') {
      microphone.track.enabled = on;
      this.#store.update({
        microphone: { state: on ? 'on' : 'muted', track: microphone.track },
      });
    } else if (on) {
      await this.#reopen('microphone');
    } else {
      this.#close('microphone');
    }
  }

  /** Turning the camera off also turns off its light. */
  async setCamera(on: boolean): Promise<void> {
    if (this.#isForbidden('camera')) {
      return;
    }
    if (!on) {
      this.#close('camera');
    } else if (this.state.camera.state !== 'on') {
      await this.#reopen('camera');
    }
  }

  /** Uses another device from now on, and opens it if the old one was open. */
  async chooseDevice(kind: Kind, deviceId: string): Promise<void> {
    this.#deviceIds[kind] = deviceId;
    const source = this.state[kind];
    if (source.state === 'off' || source.state === 'forbidden') {
      return;
    }
    const wasMuted = source.state === 'muted';
    await this.#reopen(kind);
    if (kind === 'microphone' && wasMuted) {
      await this.setMicrophone(false);
    }
  }

  /** Rejects with DeviceError if there is nothing to share; 'denied' if the user picked nothing. */
  async shareScreen(): Promise<void> {
    if (!this.#screenAllowed) {
      return;
    }
    const request = ++this.#requests.screen;
    this.#store.update({ screen: { state: 'opening' } });
    let tracks: MediaStreamTrack[];
    try {
      tracks = await this.#capture.openScreen();
    } catch (error) {
      if (request === this.#requests.screen) {
        this.#store.update({ screen: this.#screenOff() });
      }
      throw error;
    }
    const track = tracks.find(({ kind }) => kind === 'video');
    if (request !== this.#requests.screen || !track) {
      for (const unused of tracks) {
        unused.stop();
      }
      if (request === this.#requests.screen) {
        this.#store.update({ screen: this.#screenOff() });
      }
      return;
    }
    track.addEventListener('ended', () => {
      if (request === this.#requests.screen) {
        this.stopScreen();
      }
    });
    const audio = tracks.find(({ kind }) => kind === 'audio');
    audio?.addEventListener('ended', () => {
      if (request === this.#requests.screen) {
        this.#store.update({ screen: { state: 'on', track, audio: undefined } });
      }
    });
    this.#store.update({ screen: { state: 'on', track, audio } });
  }

  stopScreen(): void {
    this.#requests.screen += 1;
    const { screen } = this.state;
    if (screen.state === 'on') {
      screen.track.stop();
      screen.audio?.stop();
    }
    this.#store.update({ screen: this.#screenOff() });
  }

  /** Closes every device. It can be opened again. */
  closeAll(): void {
    this.#close('microphone');
    this.#close('camera');
    this.stopScreen();
  }

  async refreshDevices(): Promise<void> {
    const devices = await this.#capture.listDevices();
    this.#store.update({ devices });
  }

  #screenOff(): LocalScreen {
    return {
      state: this.#screenAllowed && this.#capture.canShareScreen() ? 'off' : 'unsupported',
    };
  }

  /** Stops the old track first: some systems open a camera only once. */
  #begin(kind: Kind): number {
    this.#stopTrack(kind);
    this.#requests[kind] += 1;
    this.#store.update({ [kind]: { state: 'opening' } });
    return this.#requests[kind];
  }

  #isForbidden(kind: Kind): boolean {
    return this.state[kind].state === 'forbidden';
  }

  #close(kind: Kind): void {
    if (this.#isForbidden(kind)) {
      return;
    }
    this.#stopTrack(kind);
    this.#requests[kind] += 1;
    this.#store.update({ [kind]: { state: 'off' } });
  }

  #stopTrack(kind: Kind): void {
    const source = this.state[kind];
    if (source.state === 'on' || source.state === 'muted') {
      source.track.stop();
    }
  }

  async #reopen(kind: Kind): Promise<void> {
    await this.#openOne(kind, this.#begin(kind));
    await this.refreshDevices();
  }

  async #openOne(kind: Kind, request: number): Promise<void> {
    try {
      this.#use(kind, request, await this.#openTracks([kind]));
    } catch (error) {
      this.#settle(kind, request, { state: 'problem', problem: problemOf(error) });
    }
  }

  #openTracks(kinds: readonly Kind[]): Promise<MediaStreamTrack[]> {
    return this.#capture.openDevices({
      ...(kinds.includes('microphone') && { microphoneId: this.#deviceIds.microphone }),
      ...(kinds.includes('camera') && { cameraId: this.#deviceIds.camera }),
    });
  }

  #use(kind: Kind, request: number, tracks: readonly MediaStreamTrack[]): void {
    const track = tracks.find((candidate) => candidate.kind === trackKind[kind]);
    if (!track) {
      this.#settle(kind, request, { state: 'problem', problem: 'missing' });
    } else if (request !== this.#requests[kind]) {
      track.stop();
    } else {
      // `ended` fires when the device disappears, but not after stop().
      track.addEventListener('ended', () =>
        this.#settle(kind, request, { state: 'problem', problem: 'unplugged' }),
      );
      this.#settle(kind, request, { state: 'on', track });
    }
  }

  #settle(kind: Kind, request: number, source: LocalSource): void {
    if (request === this.#requests[kind]) {
      this.#store.update({ [kind]: source });
    }
  }
}
