/** The user's actions on microphone, camera and screen, remembered for the next call. */
import { problemOf } from '../devices/devices.ts';
import type { DeviceKind } from '../devices/local-device.ts';
import type { LocalMedia } from '../devices/local-media.ts';
import type { StoredPreferences } from '../page/preferences.ts';
import type { Notices } from './notices.ts';
import type { ChosenDevices } from './snapshot.ts';

export interface DeviceControlsOptions {
  local: LocalMedia;
  preferences: StoredPreferences;
  notices: Notices;
  /** `chosen` may have changed. */
  onChosen: () => void;
}

export class DeviceControls {
  readonly #options: DeviceControlsOptions;
  /** As when the user left, to be restored by rejoining. */
  #wantedBeforeLeaving: Readonly<Record<DeviceKind, boolean>> | undefined;

  constructor(options: DeviceControlsOptions) {
    this.#options = options;
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
  async open(requested = this.#wantedBeforeLeaving): Promise<void> {
    const { microphoneOn, cameraOn } = this.#options.preferences.current;
    this.#wantedBeforeLeaving = undefined;
    await this.#options.local.open(requested ?? { microphone: microphoneOn, camera: cameraOn });
  }

  /** Closes all devices, because the user leaves. */
  close(): void {
    this.#wantedBeforeLeaving = this.#options.local.state.wanted;
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

  async choose(kind: DeviceKind, deviceId: string): Promise<void> {
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
