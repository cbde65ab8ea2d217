/** The browser's storage. Where cookies are blocked, even reading `window.localStorage` throws. */

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
