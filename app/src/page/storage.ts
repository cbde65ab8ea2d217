/**
 * The browser's storage. Where cookies are blocked, even reading `window.localStorage` throws; in private windows and on
 * a full disk, writing does. None of these functions throws.
 */

/** The part of W3C `Storage` that is needed. */
export type PageStorage = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;

/** Shared by all tabs of this origin, and kept. */
export function originStorage(): PageStorage | undefined {
  try {
    return window.localStorage;
  } catch {
    return undefined;
  }
}

/** Of this tab alone, and gone with it. A reload keeps it. */
export function tabStorage(): PageStorage | undefined {
  try {
    return window.sessionStorage;
  } catch {
    return undefined;
  }
}

/** @returns undefined if there is no such entry, or no storage */
export function readStored(storage: PageStorage | undefined, key: string): string | undefined {
  try {
    return storage?.getItem(key) ?? undefined;
  } catch {
    return undefined;
  }
}

/** @returns the value of a JSON entry; undefined if there is none, or it is broken */
export function readStoredJson(storage: PageStorage | undefined, key: string): unknown {
  try {
    return JSON.parse(readStored(storage, key) ?? '');
  } catch {
    return undefined;
  }
}

/**
 * @param value - undefined removes the entry
 * @returns false if it could not be written
 */
export function writeStored(
  storage: PageStorage | undefined,
  key: string,
  value: string | undefined,
): boolean {
  try {
    if (value === undefined) {
      storage?.removeItem(key);
    } else {
      storage?.setItem(key, value);
    }
    return storage !== undefined;
  } catch (error) {
    console.warn(`${key} could not be stored`, error);
    return false;
  }
}
