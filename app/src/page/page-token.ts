/**
 * The token in the page's URL: `#token=...`, which browsers send to no server, or `?token=...`. It is taken out of the
 * address bar, so that nobody copies it with the address, and kept for this tab, so that a reload finds it.
 */
import type { RoomId } from '@oneport/protocol';
import type { PreferenceStorage } from './preferences.ts';

const name = 'token';
const keyOf = (roomId: RoomId) => `oneport.token.${roomId}`;

export class PageToken {
  readonly #storage: PreferenceStorage | undefined;
  #current: string | undefined;

  /** @param storage - the tab's (sessionStorage); `undefined` where the browser keeps nothing for us */
  constructor(storage: PreferenceStorage | undefined) {
    this.#storage = storage;
  }

  /** The newest that was found. */
  get current(): string | undefined {
    return this.#current;
  }

  /**
   * Takes the token out of a URL, or finds the one from before the reload.
   *
   * @param href - the page's whole URL
   * @param roomId - the room that it names
   * @returns the URL without the token
   */
  take(href: string, roomId: RoomId): string {
    const url = new URL(href);
    const fragment = new URLSearchParams(url.hash.slice(1));
    const found = fragment.get(name) ?? url.searchParams.get(name);
    if (found === null) {
      this.#current ??= this.#remembered(roomId);
      return href;
    }
    this.#current = found;
    this.#remember(roomId, found);
    url.searchParams.delete(name);
    if (fragment.has(name)) {
      fragment.delete(name);
      url.hash = fragment.toString();
    }
    return url.href;
  }

  #remembered(roomId: RoomId): string | undefined {
    try {
      return this.#storage?.getItem(keyOf(roomId)) ?? undefined;
    } catch {
      return undefined;
    }
  }

  #remember(roomId: RoomId, token: string): void {
    try {
      this.#storage?.setItem(keyOf(roomId), token);
    } catch (error) {
      console.warn('the token could not be kept for a reload', error);
    }
  }
}

/** The tab's storage. Even reading `window.sessionStorage` throws where cookies are blocked. */
export function tabStorage(): Storage | undefined {
  try {
    return window.sessionStorage;
  } catch {
    return undefined;
  }
}
