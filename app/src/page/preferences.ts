/** Settings that the browser remembers from one call to the next, in its localStorage. */
import { displayNameSchema } from '@oneport/protocol';
import { hashOf } from './ids.ts';
import { type PageStorage, readStoredJson, writeStored } from './storage.ts';

export interface Preferences {
  displayName: string;
  microphoneId: string;
  cameraId: string;
  speakerId: string;
  /** Whether to join with the microphone unmuted. */
  microphoneOn: boolean;
  /** Whether to join with the camera on. */
  cameraOn: boolean;
}

const defaults: Preferences = {
  displayName: '',
  microphoneId: '',
  cameraId: '',
  speakerId: '',
  microphoneOn: true,
  cameraOn: true,
};

const key = 'oneport.preferences';

/**
 * @param storage - undefined where the browser allows none
 * @returns the stored values, and the default for each that is missing or has a wrong type
 */
export function readPreferences(storage: PageStorage | undefined): Preferences {
  const stored = readStoredJson(storage, key);
  const known = stored !== null && typeof stored === 'object' ? stored : {};
  const read = <K extends keyof Preferences>(name: K): Preferences[K] => {
    const value: unknown = Reflect.get(known, name);
    const fallback = defaults[name];
    return typeof value === typeof fallback ? (value as Preferences[K]) : fallback;
  };
  return {
    displayName: read('displayName'),
    microphoneId: read('microphoneId'),
    cameraId: read('cameraId'),
    speakerId: read('speakerId'),
    microphoneOn: read('microphoneOn'),
    cameraOn: read('cameraOn'),
  };
}

/** Where writing isn't possible, nothing is remembered and the call continues. */
export function writePreferences(storage: PageStorage | undefined, preferences: Preferences): void {
  writeStored(storage, key, JSON.stringify(preferences));
}

/** The current preferences, stored at each change. */
export class StoredPreferences {
  readonly #storage: PageStorage | undefined;
  #current: Preferences;

  constructor(storage: PageStorage | undefined) {
    this.#storage = storage;
    this.#current = readPreferences(storage);
  }

  get current(): Preferences {
    return this.#current;
  }

  change(change: Partial<Preferences>): void {
    this.#current = { ...this.#current, ...change };
    writePreferences(this.#storage, this.#current);
  }
}

/**
 * The typed name, or `Guest 347` where it is empty or not valid: a missing name must not keep anybody from joining, and two
 * guests need different ones.
 *
 * @param peerId - the same one always gives the same number
 */
export function nameOrGuest(typed: string, peerId: string): string {
  const valid = displayNameSchema.safeParse(typed);
  return valid.success ? valid.data : `Guest ${100 + (hashOf(peerId) % 900)}`;
}
