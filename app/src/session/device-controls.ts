/** The user's actions on microphone, camera and screen, remembered for the next call. */
import { problemOf } from '../devices/devices.ts';
import type { LocalMedia, LocalSource } from '../devices/local-media.ts';
import type { StoredPreferences } from '../page/preferences.ts';
import type { Notices } from './notices.ts';
import type { ChosenDevices } from './snapshot.ts';

type SourceName = 'microphone' | 'camera';

export interface DeviceControlsOptions {
  local: LocalMedia;
  preferences: StoredPreferences;
  notices: Notices;
  /** `chosen` may have changed. */
  onChosen: () => void;
}

const isOn = ({ state }: LocalSource) => state === 'on' || state === 'opening';

export class DeviceControls {
  readonly #options: DeviceControlsOptions;
  /** The state when the user left, to be restored by rejoining. */
  #onBeforeLeaving: Record<SourceName, boolean> | undefined;

  constructor(options: DeviceControlsOptions) {
    this.#options = options;
  }

  /** Whether microphone and camera are sent, or about to be. */
  get on(): Record<SourceName, boolean> {
    const { microphone, camera } = this.#options.local.state;
    return { microphone: isOn(microphone), camera: isOn(camera) };
  }

  /** The devices that are open, or else the ones that were chosen last. */
  get chosen(): ChosenDevices {
    const { local, preferences } = this.#options;
    const { microphone, camera } = local.openDeviceIds;
    const { microphoneId, cameraId, speakerId } = preferences.current;
    return {
      microphoneId: microphone ?? microphoneId,
      cameraId: camera ?? cameraId,
      speakerId,
    };
  }

  /**
   * Opens microphone and camera.
   *
   * @param requested - by default as they were when the user left, or else as in the last call
   */
  async open(requested = this.#onBeforeLeaving): Promise<void> {
    const { microphoneOn, cameraOn } = this.#options.preferences.current;
    this.#onBeforeLeaving = undefined;
    await this.#options.local.open(requested ?? { microphone: microphoneOn, camera: cameraOn });
  }

  /** Closes all devices, because the user leaves. */
  close(): void {
    this.#onBeforeLeaving = this.on;
    this.#options.local.closeAll();
  }

  /** Mutes or unmutes; opens the microphone if necessary. */
  async setMicrophone(on: boolean): Promise<void> {
    this.#options.preferences.change({ microphoneOn: on });
    await this.#options.local.setMicrophone(on);
  }

  async setCamera(on: boolean): Promise<void> {
    this.#options.preferences.change({ cameraOn: on });
    await this.#options.local.setCamera(on);
  }

  async choose(kind: SourceName, deviceId: string): Promise<void> {
    this.#options.preferences.change(
      kind === 'microphone' ? { microphoneId: deviceId } : { cameraId: deviceId },
    );
    await this.#options.local.chooseDevice(kind, deviceId);
  }

  chooseSpeaker(speakerId: string): void {
    this.#options.preferences.change({ speakerId });
    this.#options.onChosen();
  }

  /** Lets the user pick a screen, and shares it in addition to the camera. */
  async shareScreen(): Promise<void> {
    try {
      await this.#options.local.shareScreen();
    } catch (error) {
      // Closing the picker is not an error.
      if (problemOf(error) !== 'denied') {
        this.#options.notices.add({ type: 'screen-failed' });
      }
    }
  }

  stopScreen(): void {
    this.#options.local.stopScreen();
  }
}
