/** What is remembered from one call to the next, in the browser's localStorage. */

export interface Preferences {
  displayName: string;
  microphoneId: string;
  cameraId: string;
  speakerId: string;
  /** Whether to join with the microphone open and the camera on. */
  microphoneOn: boolean;
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

/** The part of W3C `Storage` that is needed. */
export type PreferenceStorage = Pick<Storage, 'getItem' | 'setItem'>;

/**
 * @param storage - `undefined` where the browser keeps nothing for us
 * @returns what is remembered, and the default for whatever isn't or is of a wrong type
 */
export function readPreferences(storage: PreferenceStorage | undefined): Preferences {
  let stored: unknown;
  try {
    stored = JSON.parse(storage?.getItem(key) ?? '{}');
  } catch {
    // Blocked storage or a broken entry: the same as nothing remembered.
    return { ...defaults };
  }
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

/** Remembers; where that isn't possible (private windows, a full disk), the call goes on without. */
export function writePreferences(
  storage: PreferenceStorage | undefined,
  preferences: Preferences,
): void {
  try {
    storage?.setItem(key, JSON.stringify(preferences));
  } catch (error) {
    console.warn('preferences could not be remembered', error);
  }
}

/** The preferences as they are now, remembered at each change. */
export class RememberedPreferences {
  readonly #storage: PreferenceStorage | undefined;
  #current: Preferences;

  constructor(storage: PreferenceStorage | undefined) {
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

/** The page's storage. Even reading `window.localStorage` throws where cookies are blocked. */
export function pageStorage(): PreferenceStorage | undefined {
  try {
    return window.localStorage;
  } catch {
    return undefined;
  }
}
