/**
 * The local microphone or camera. The user's wish to send it is a value of its own, which no device event changes: the
 * track of a muted microphone is disabled before anything else sees it.
 */
import type { Capture } from './capture.ts';
import { type DeviceChoice, type DeviceProblem, problemOf } from './devices.ts';

export type DeviceKind = 'microphone' | 'camera';

export type LocalSource =
  | { readonly state: 'off' }
  | { readonly state: 'opening' }
  | {
      readonly state: 'on';
      readonly track: MediaStreamTrack;
      /** The system delivers nothing at the moment: a phone call, a switch on the device, another app. */
      readonly interrupted: boolean;
    }
  /** Open but silent, so that unmuting takes no time. Microphones only. */
  | { readonly state: 'muted'; readonly track: MediaStreamTrack }
  | { readonly state: 'problem'; readonly problem: DeviceProblem }
  /** The token doesn't permit sending it. */
  | { readonly state: 'forbidden' };

/** Another device is used from now on, without an action of the user. */
export interface DeviceSwitch {
  readonly kind: DeviceKind;
  /** unplugged: the system's default device replaces it. returned: it is plugged in again. */
  readonly reason: 'unplugged' | 'returned';
  /** The name of the device that is used now; '' if the browser doesn't tell. */
  readonly label: string;
}

export interface LocalDeviceOptions {
  kind: DeviceKind;
  /** '' is the system's default. */
  deviceId: string;
  capture: Capture;
  onChange: () => void;
  onSwitched: (change: DeviceSwitch) => void;
  /** Called after the device was opened, because browsers reveal names only then. */
  refreshList: () => Promise<void>;
}

/** Whether the source is sent, or about to be. */
export function isTurnedOn({ state }: LocalSource, wanted: boolean): boolean {
  return wanted && (state === 'on' || state === 'opening');
}

const trackKind = { microphone: 'audio', camera: 'video' } as const;

export class LocalDevice {
  readonly #options: LocalDeviceOptions;
  #deviceId: string;
  #wanted = false;
  #source: LocalSource = { state: 'off' };
  /** Tracks that arrive for an earlier request are stopped. */
  #request = 0;
  /** The device that was unplugged while in use. `absent`: a list of devices without it has been seen since. */
  #unplugged: { deviceId: string; groupId: string; absent: boolean } | undefined;
  #list = '[]';
  /** The default device has replaced an unplugged one since the list last changed. */
  #replaced = false;

  constructor(options: LocalDeviceOptions) {
    this.#options = options;
    this.#deviceId = options.deviceId;
  }

  get source(): LocalSource {
    return this.#source;
  }

  /** Whether the user wants to send: unmuted, or camera on. */
  get wanted(): boolean {
    return this.#wanted;
  }

  /** The chosen device; '' is the system's default. */
  get deviceId(): string {
    return this.#deviceId;
  }

  /** Not always the chosen one. */
  get openDeviceId(): string | undefined {
    return this.#track?.getSettings().deviceId;
  }

  get forbidden(): boolean {
    return this.#source.state === 'forbidden';
  }

  setAllowed(allowed: boolean): void {
    if (allowed && this.forbidden) {
      this.#set({ state: 'off' });
    } else if (!allowed && !this.forbidden) {
      this.close();
      this.#wanted = false;
      this.#set({ state: 'forbidden' });
    }
  }

  /** Mutes or unmutes a microphone, and closes or opens a camera, whose light goes off with it. */
  async turn(on: boolean): Promise<void> {
    if (this.forbidden) {
      return;
    }
    this.#wanted = on;
    const stays = on || this.#options.kind === 'microphone';
    if (this.#track && stays) {
      this.#opened(this.#track);
    } else if (this.#source.state === 'opening' && stays) {
      this.#options.onChange();
    } else if (on) {
      await this.#reopen();
    } else {
      this.close();
    }
  }

  /** Uses another device from now on, and opens it if the old one was open. */
  async choose(deviceId: string): Promise<void> {
    this.#deviceId = deviceId;
    this.#unplugged = undefined;
    if (this.#source.state !== 'off' && !this.forbidden) {
      await this.#reopen();
    }
  }

  /**
   * The user wants to send, and the caller opens the device.
   *
   * @returns the request, for `accept`, `fail` or `openFor`
   */
  begin(): number {
    this.#wanted = true;
    return this.#begin();
  }

  /** @param tracks - what was opened; only the one of this kind is used */
  accept(request: number, tracks: readonly MediaStreamTrack[]): void {
    const track = tracks.find(({ kind }) => kind === trackKind[this.#options.kind]);
    if (!track) {
      this.fail(request, 'missing');
      return;
    }
    if (request !== this.#request) {
      track.stop();
      return;
    }
    const whileUsed = (listener: () => void) => () => request === this.#request && listener();
    // `ended` fires when the device disappears, but not after stop().
    track.addEventListener(
      'ended',
      whileUsed(() => void this.#replaceUnplugged(track)),
    );
    track.addEventListener(
      'mute',
      whileUsed(() => this.#opened(track)),
    );
    track.addEventListener(
      'unmute',
      whileUsed(() => this.#opened(track)),
    );
    this.#opened(track);
  }

  fail(request: number, problem: DeviceProblem): void {
    if (request === this.#request) {
      this.#set({ state: 'problem', problem });
    }
  }

  /** Opens the device for a request of `begin`. */
  async openFor(request: number, deviceId = this.#deviceId): Promise<void> {
    const { capture, kind } = this.#options;
    try {
      const ids = kind === 'microphone' ? { microphoneId: deviceId } : { cameraId: deviceId };
      this.accept(request, await capture.openDevices(ids));
    } catch (error) {
      this.fail(request, problemOf(error));
    }
  }

  /** It can be opened again. */
  close(): void {
    if (this.forbidden) {
      return;
    }
    this.#track?.stop();
    this.#request += 1;
    this.#set({ state: 'off' });
  }

  /** @param devices - those of this kind that are plugged in now. The unplugged one is used again when it is back. */
  async listChanged(devices: readonly DeviceChoice[]): Promise<void> {
    const list = JSON.stringify(devices.map(({ deviceId, groupId }) => [deviceId, groupId]));
    if (list !== this.#list) {
      this.#list = list;
      this.#replaced = false;
    }
    const unplugged = this.#unplugged;
    if (!unplugged || this.#source.state === 'opening') {
      return;
    }
    const returned = findDevice(devices, unplugged);
    if (!returned) {
      unplugged.absent = true;
      return;
    }
    if (!unplugged.absent) {
      return;
    }
    this.#unplugged = undefined;
    const { source } = this;
    if (this.#track || (source.state === 'problem' && source.problem === 'unplugged')) {
      await this.#switchTo(returned.deviceId, 'returned');
    }
  }

  get #track(): MediaStreamTrack | undefined {
    const { source } = this;
    return source.state === 'on' || source.state === 'muted' ? source.track : undefined;
  }

  #opened(track: MediaStreamTrack): void {
    track.enabled = this.#wanted;
    this.#set(
      this.#wanted ? { state: 'on', track, interrupted: track.muted } : { state: 'muted', track },
    );
  }

  /** The old track stops first: some systems open a camera only once. */
  #begin(): number {
    this.#track?.stop();
    this.#request += 1;
    this.#set({ state: 'opening' });
    return this.#request;
  }

  async #reopen(): Promise<void> {
    await this.openFor(this.#begin());
    await this.#options.refreshList();
  }

  /** The device was unplugged, or the system took it away. */
  async #replaceUnplugged(track: MediaStreamTrack): Promise<void> {
    const { deviceId = '', groupId = '' } = track.getSettings();
    this.#unplugged ??= { deviceId, groupId, absent: false };
    // A device that ends again and again must not be opened again and again.
    if (this.#replaced) {
      this.fail(this.#request, 'unplugged');
    } else {
      this.#replaced = true;
      await this.#switchTo('', 'unplugged');
    }
    await this.#options.refreshList();
  }

  async #switchTo(deviceId: string, reason: DeviceSwitch['reason']): Promise<void> {
    const { kind, onSwitched } = this.#options;
    const request = this.#begin();
    await this.openFor(request, deviceId);
    if (request !== this.#request) {
      return;
    }
    const { source } = this;
    if (this.#track) {
      onSwitched({ kind, reason, label: this.#track.label });
    } else if (source.state === 'problem' && source.problem === 'missing') {
      this.fail(request, 'unplugged');
    }
  }

  #set(source: LocalSource): void {
    this.#source = source;
    this.#options.onChange();
  }
}

/** Ids such as `default` stay when another device takes their place: the group tells devices apart. */
function findDevice(
  devices: readonly DeviceChoice[],
  { deviceId, groupId }: { deviceId: string; groupId: string },
): DeviceChoice | undefined {
  const inGroup = devices.filter((device) => device.groupId === groupId);
  const same = inGroup.find((device) => device.deviceId === deviceId);
  return same ?? (groupId === '' ? undefined : inGroup[0]);
}
