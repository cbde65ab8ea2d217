/** The token of the page's link: kept for this tab alone, and out of its address. */

const key = 'oneport-dashboard-token';

export interface TokenPlaces {
  location: Pick<Location, 'hash' | 'pathname' | 'search'>;
  history: Pick<History, 'replaceState'>;
  /** undefined: where the browser allows none. */
  storage: Pick<Storage, 'getItem' | 'setItem'> | undefined;
}

/**
 * Takes the token out of the address bar, so that nobody reads it over a shoulder or sends it on.
 *
 * @returns the link's; else the one that this tab has had before; undefined when there is none
 */
export function takeToken({ location, history, storage }: TokenPlaces): string | undefined {
  const given = new URLSearchParams(location.hash.replace(/^#/, '')).get('token');
  if (!given) {
    return storage?.getItem(key) ?? undefined;
  }
  history.replaceState(null, '', location.pathname + location.search);
  storage?.setItem(key, given);
  return given;
}

/** @param token - as somebody has typed it */
export function keepToken(storage: TokenPlaces['storage'], token: string): void {
  storage?.setItem(key, token);
}
