/** What a person does to microphone, camera and screen: it is done, and remembered for the next call. */

import { problemOf } from '../devices/devices.ts';
import type { LocalMedia, LocalSource } from '../devices/local-media.ts';
import type { RememberedPreferences } from '../page/preferences.ts';
import type { Notices } from './notices.ts';
import type { ChosenDevices } from './snapshot.ts';

type SourceName = 'microphone' | 'camera';

export interface OwnDevicesOptions {
  local: LocalMedia;
  preferences: RememberedPreferences;
  notices: Notices;
  /** The choice of a device may be another. */
  onChosen: () => void;
}

const isOpen = ({ state }: LocalSource) => state === 'on' || state === 'opening';

export class OwnDevices {
  readonly #options: OwnDevicesOptions;
  /** Which were open when I left, to be opened again. */
  #toReopen: Record<SourceName, boolean> | undefined;

  constructor(options: OwnDevicesOptions) {
    this.#options = options;
  }

  /** Whether they are heard and seen, or about to be. */
  get open(): Record<SourceName, boolean> {
    const { microphone, camera } = this.#options.local.state;
    return { microphone: isOpen(microphone), camera: isOpen(camera) };
  }

  /** Those that are open, and else those that were chosen last. */
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

  /** Opens microphone and camera as they were: when I left, or else in the last call. */
  async openAgain(was: Record<SourceName, boolean> | undefined = this.#toReopen): Promise<void> {
    const { microphoneOn, cameraOn } = this.#options.preferences.current;
    this.#toReopen = undefined;
    await this.#options.local.open(was ?? { microphone: microphoneOn, camera: cameraOn });
  }

  /** I leave: all devices are closed. */
  close(): void {
    this.#toReopen = this.open;
    this.#options.local.closeAll();
  }

  /** Opens or mutes the microphone. */
  async setMicrophone(on: boolean): Promise<void> {
    this.#options.preferences.change({ microphoneOn: on });
    await this.#options.local.setMicrophone(on);
  }

  /** Turns the camera on or off. Off, its light goes out. */
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

  /** Lets me pick a screen, and sends it beside the camera. */
  async shareScreen(): Promise<void> {
    try {
      await this.#options.local.shareScreen();
    } catch (error) {
      // Closing the picker is an answer, not a fault.
      if (problemOf(error) !== 'denied') {
        this.#options.notices.add({ type: 'screen-failed' });
      }
    }
  }

  stopScreen(): void {
    this.#options.local.stopScreen();
  }
}
