/**
 * What I have to send: my microphone, camera and screen. It outlives every connection, so that the
 * same tracks can be produced again.
 */
import type { Publishable } from '@oneport/protocol';
import { Store } from '../store.ts';
import {
  canShareScreen,
  type DeviceList,
  isAllowed,
  listDevices,
  type MediaProblem,
  noDevices,
  openDevices,
  openScreen,
  problemOf,
  watchDevices,
} from './devices.ts';

/** A microphone or camera of mine. */
export type LocalSource =
  | { readonly state: 'off' }
  | { readonly state: 'opening' }
  | { readonly state: 'on'; readonly track: MediaStreamTrack }
  /** Held open, so that speaking again takes no time, but silent. Microphones only. */
  | { readonly state: 'muted'; readonly track: MediaStreamTrack }
  | { readonly state: 'problem'; readonly problem: MediaProblem }
  /** My token doesn't allow me to send it. */
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

/** Opens and closes devices; injected in tests. */
export interface Capture {
  openDevices: typeof openDevices;
  openScreen: typeof openScreen;
  canShareScreen: typeof canShareScreen;
  listDevices: typeof listDevices;
  watchDevices: typeof watchDevices;
  isAllowed: typeof isAllowed;
}

const browserCapture: Capture = {
  openDevices,
  openScreen,
  canShareScreen,
  listDevices,
  watchDevices,
  isAllowed,
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
  /** Which wish of each kind is the newest: what answers an older one is closed again. */
  readonly #turns: Record<Kind | 'screen', number> = { microphone: 0, camera: 0, screen: 0 };
  readonly #stopWatching: () => void;
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
    this.#stopWatching = this.#capture.watchDevices(() => void this.refreshDevices());
  }

  get state(): LocalMediaState {
    return this.#store.get();
  }

  /** Which devices are open: not always those that were asked for. */
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
   * Closes what may not be sent, and opens it no more.
   *
   * @param publish - all that may be sent from now on
   */
  allow(publish: readonly Publishable[]): void {
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

  /** Opens what is wanted, with one question to the person if both are. */
  async open(want: { microphone: boolean; camera: boolean }): Promise<void> {
    const kinds = (['microphone', 'camera'] as const).filter(
      (kind) => want[kind] && !this.#isForbidden(kind),
    );
    const together = kinds.map((kind) => ({ kind, turn: this.#begin(kind) }));
    let tracks: MediaStreamTrack[];
    try {
      tracks = together.length === 0 ? [] : await this.#openTracks(kinds);
    } catch (error) {
      await Promise.all(
        together.map(async ({ kind, turn }) => {
          const problem = problemOf(error);
          // One of two that is refused or missing must not take the other one with it.
          const separately =
            kinds.length > 1 &&
            problem !== 'insecure' &&
            (problem !== 'denied' || (await this.#capture.isAllowed(kind)));
          if (separately) {
            await this.#openOne(kind, turn);
          } else {
            this.#settle(kind, turn, { state: 'problem', problem });
          }
        }),
      );
      await this.refreshDevices();
      return;
    }
    for (const { kind, turn } of together) {
      this.#use(kind, turn, tracks);
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

  /** Off closes the camera: its light goes out. */
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

  /** Takes another device from now on, and opens it if the old one was open. */
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

  /** Rejects with MediaProblemError if there is nothing to share; 'denied' if the person chose none. */
  async shareScreen(): Promise<void> {
    if (!this.#screenAllowed) {
      return;
    }
    const turn = ++this.#turns.screen;
    this.#store.update({ screen: { state: 'opening' } });
    let tracks: MediaStreamTrack[];
    try {
      tracks = await this.#capture.openScreen();
    } catch (error) {
      if (turn === this.#turns.screen) {
        this.#store.update({ screen: this.#screenOff() });
      }
      throw error;
    }
    const track = tracks.find(({ kind }) => kind === 'video');
    if (turn !== this.#turns.screen || !track) {
      for (const unused of tracks) {
        unused.stop();
      }
      if (turn === this.#turns.screen) {
        this.#store.update({ screen: this.#screenOff() });
      }
      return;
    }
    track.addEventListener('ended', () => {
      if (turn === this.#turns.screen) {
        this.stopScreen();
      }
    });
    const audio = tracks.find(({ kind }) => kind === 'audio');
    audio?.addEventListener('ended', () => {
      if (turn === this.#turns.screen) {
        this.#store.update({ screen: { state: 'on', track, audio: undefined } });
      }
    });
    this.#store.update({ screen: { state: 'on', track, audio } });
  }

  stopScreen(): void {
    this.#turns.screen += 1;
    const { screen } = this.state;
    if (screen.state === 'on') {
      screen.track.stop();
      screen.audio?.stop();
    }
    this.#store.update({ screen: this.#screenOff() });
  }

  /** Closes every device. They can be opened again. */
  closeAll(): void {
    this.#close('microphone');
    this.#close('camera');
    this.stopScreen();
  }

  /** Closes every device for good. */
  dispose(): void {
    this.closeAll();
    this.#stopWatching();
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

  /** Makes room for a new track of this kind; some systems open a camera only once. */
  #begin(kind: Kind): number {
    this.#stopTrack(kind);
    this.#turns[kind] += 1;
    this.#store.update({ [kind]: { state: 'opening' } });
    return this.#turns[kind];
  }

  #isForbidden(kind: Kind): boolean {
    return this.state[kind].state === 'forbidden';
  }

  #close(kind: Kind): void {
    if (this.#isForbidden(kind)) {
      return;
    }
    this.#stopTrack(kind);
    this.#turns[kind] += 1;
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

  async #openOne(kind: Kind, turn: number): Promise<void> {
    try {
      this.#use(kind, turn, await this.#openTracks([kind]));
    } catch (error) {
      this.#settle(kind, turn, { state: 'problem', problem: problemOf(error) });
    }
  }

  #openTracks(kinds: readonly Kind[]): Promise<MediaStreamTrack[]> {
    return this.#capture.openDevices({
      ...(kinds.includes('microphone') && { microphoneId: this.#deviceIds.microphone }),
      ...(kinds.includes('camera') && { cameraId: this.#deviceIds.camera }),
    });
  }

  #use(kind: Kind, turn: number, tracks: readonly MediaStreamTrack[]): void {
    const track = tracks.find((candidate) => candidate.kind === trackKind[kind]);
    if (!track) {
      this.#settle(kind, turn, { state: 'problem', problem: 'missing' });
    } else if (turn !== this.#turns[kind]) {
      track.stop();
    } else {
      // `ended` comes when the device goes by itself, not after our own stop().
      track.addEventListener('ended', () =>
        this.#settle(kind, turn, { state: 'problem', problem: 'unplugged' }),
      );
      this.#settle(kind, turn, { state: 'on', track });
    }
  }

  #settle(kind: Kind, turn: number, source: LocalSource): void {
    if (turn === this.#turns[kind]) {
      this.#store.update({ [kind]: source });
    }
  }
}
