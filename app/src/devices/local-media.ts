/**
 * The local microphone, camera and screen. They outlive every media session, so that the same tracks can be produced
 * again.
 */
import type { Publishable } from '@oneport/protocol';
import { Store } from '../store.ts';
import { browserCapture, type Capture } from './capture.ts';
import { type DeviceList, type DeviceProblem, noDevices, problemOf } from './devices.ts';
import {
  type DeviceKind,
  type DeviceSwitch,
  LocalDevice,
  type LocalSource,
} from './local-device.ts';
import { type LocalScreen, ScreenShare } from './local-screen.ts';

export interface LocalMediaState {
  readonly microphone: LocalSource;
  readonly camera: LocalSource;
  readonly screen: LocalScreen;
  /** Whether the user wants to send microphone and camera, whatever state they are in. */
  readonly wanted: Readonly<Record<DeviceKind, boolean>>;
  readonly devices: DeviceList;
}

export interface LocalMediaOptions {
  microphoneId: string;
  cameraId: string;
  onSwitched: (change: DeviceSwitch) => void;
  capture?: Capture;
}

interface Opening {
  readonly kind: DeviceKind;
  readonly device: LocalDevice;
  readonly request: number;
}

const kinds = ['microphone', 'camera'] as const satisfies DeviceKind[];

export class LocalMedia {
  readonly #capture: Capture;
  readonly #devices: Readonly<Record<DeviceKind, LocalDevice>>;
  readonly #screen: ScreenShare;
  readonly #store: Store<LocalMediaState>;
  /** Lists can arrive in another order than they were requested. */
  #newestList = 0;

  constructor(options: LocalMediaOptions) {
    const { microphoneId, cameraId, onSwitched, capture = browserCapture } = options;
    this.#capture = capture;
    const device = (kind: DeviceKind, deviceId: string) =>
      new LocalDevice({
        kind,
        deviceId,
        capture,
        onSwitched,
        onChange: () => this.#changed(),
        refreshList: () => this.refreshDevices(),
      });
    this.#devices = {
      microphone: device('microphone', microphoneId),
      camera: device('camera', cameraId),
    };
    this.#screen = new ScreenShare(capture, () => this.#changed());
    this.#store = new Store<LocalMediaState>({
      microphone: this.#devices.microphone.source,
      camera: this.#devices.camera.source,
      screen: this.#screen.state,
      wanted: { microphone: false, camera: false },
      devices: noDevices,
    });
    capture.watchDevices(() => void this.refreshDevices());
  }

  get state(): LocalMediaState {
    return this.#store.get();
  }

  /** Which devices are open: not always the requested ones. */
  get openDeviceIds(): Readonly<Record<DeviceKind, string | undefined>> {
    const { microphone, camera } = this.#devices;
    return { microphone: microphone.openDeviceId, camera: camera.openDeviceId };
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
    for (const kind of kinds) {
      this.#devices[kind].setAllowed(publish.includes(kind));
    }
    this.#screen.setAllowed(publish.includes('screen'));
  }

  /** Opens the requested devices, with a single permission prompt. */
  async open(requested: Record<DeviceKind, boolean>): Promise<void> {
    const started: Opening[] = [];
    for (const kind of kinds) {
      const device = this.#devices[kind];
      if (device.forbidden) {
        continue;
      }
      if (requested[kind]) {
        started.push({ kind, device, request: device.begin() });
      } else {
        await device.turn(false);
      }
    }
    if (started.length > 0) {
      await this.#openTogether(started);
    }
    await this.refreshDevices();
  }

  /** Mutes or unmutes; opens the microphone if it isn't open. */
  async setMicrophone(on: boolean): Promise<void> {
    await this.#devices.microphone.turn(on);
  }

  /** Turning the camera off also turns off its light. */
  async setCamera(on: boolean): Promise<void> {
    await this.#devices.camera.turn(on);
  }

  /** Uses another device from now on, and opens it if the old one was open. */
  async chooseDevice(kind: DeviceKind, deviceId: string): Promise<void> {
    await this.#devices[kind].choose(deviceId);
  }

  /** Rejects with DeviceError if there is nothing to share; 'denied' if the user picked nothing. */
  async shareScreen(): Promise<void> {
    await this.#screen.start();
  }

  stopScreen(): void {
    this.#screen.stop();
  }

  /** Closes every device. It can be opened again. */
  closeAll(): void {
    this.#devices.microphone.close();
    this.#devices.camera.close();
    this.#screen.stop();
  }

  async refreshDevices(): Promise<void> {
    this.#newestList += 1;
    const request = this.#newestList;
    const devices = await this.#capture.listDevices();
    if (request !== this.#newestList) {
      return;
    }
    this.#store.update({ devices });
    await Promise.all([
      this.#devices.microphone.listChanged(devices.microphones),
      this.#devices.camera.listChanged(devices.cameras),
    ]);
  }

  async #openTogether(started: readonly Opening[]): Promise<void> {
    const ids = new Map(started.map(({ kind, device }) => [kind, device.deviceId]));
    let tracks: MediaStreamTrack[];
    try {
      tracks = await this.#capture.openDevices({
        microphoneId: ids.get('microphone'),
        cameraId: ids.get('camera'),
      });
    } catch (error) {
      await this.#openSeparately(started, problemOf(error));
      return;
    }
    for (const { device, request } of started) {
      device.accept(request, tracks);
    }
  }

  /** If one of the two is denied or missing, the other one may still be available. */
  async #openSeparately(started: readonly Opening[], problem: DeviceProblem): Promise<void> {
    await Promise.all(
      started.map(async ({ kind, device, request }) => {
        const worthTrying =
          started.length > 1 &&
          problem !== 'insecure' &&
          (problem !== 'denied' || (await this.#capture.isPermitted(kind)));
        if (worthTrying) {
          await device.openFor(request);
        } else {
          device.fail(request, problem);
        }
      }),
    );
  }

  #changed(): void {
    const { microphone, camera } = this.#devices;
    const before = this.state.wanted;
    const wanted = { microphone: microphone.wanted, camera: camera.wanted };
    const same = kinds.every((kind) => wanted[kind] === before[kind]);
    this.#store.update({
      microphone: microphone.source,
      camera: camera.source,
      screen: this.#screen.state,
      wanted: same ? before : wanted,
    });
  }
}
