/**
 * The token in the page's URL. It is removed from the address bar, so that it isn't shared with the address by
 * accident, and kept for this tab, so that it survives a reload.
 */
import { type PageStorage, readStored, writeStored } from './storage.ts';

const parameter = 'token';

export interface PageTokenOptions {
  /** The tab's storage; undefined where the browser allows none. */
  storage: PageStorage | undefined;
  /** The storage key. */
  key: string;
  /** Also accept `?token=...`. A query reaches the server's access log; the fragment does not. */
  inQuery: boolean;
}

export class PageToken {
  readonly #options: PageTokenOptions;
  #current: string | undefined;

  constructor(options: PageTokenOptions) {
    this.#options = options;
  }

  get current(): string | undefined {
    return this.#current;
  }

  /**
   * Takes the token from the URL, or else from before a reload.
   *
   * @param href - the page's whole URL
   * @returns the URL without the token; the same string if it contains none
   */
  take(href: string): string {
    const url = new URL(href);
    const fragment = new URLSearchParams(url.hash.slice(1));
    const query = this.#options.inQuery ? url.searchParams.get(parameter) : null;
    const found = fragment.get(parameter) ?? query;
    if (!found) {
      this.#current ??= readStored(this.#options.storage, this.#options.key);
      return href;
    }
    this.set(found);
    if (query !== null) {
      url.searchParams.delete(parameter);
    }
    if (fragment.has(parameter)) {
      fragment.delete(parameter);
      url.hash = fragment.toString();
    }
    return url.href;
  }

  /** Uses this token from now on, also after a reload. */
  set(token: string): void {
    this.#current = token;
    writeStored(this.#options.storage, this.#options.key, token);
  }
}
