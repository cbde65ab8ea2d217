import { type PageStorage, readStored, writeStored } from './storage.ts';

const key = 'oneport.reloaded-outdated-page';

/**
 * Reloads a page that the server has rejected as outdated, unless it has been reloaded for that reason before: a cache
 * may keep returning the old page, and reloading it again and again would not help.
 *
 * @param storage - of the tab. Without storage the page is not reloaded
 */
export function reloadOnce(storage: PageStorage | undefined, reload: () => void): void {
  if (readStored(storage, key) === undefined && writeStored(storage, key, '1')) {
    reload();
  }
}

/** The server accepts this page, so it may be reloaded again after the next update. */
export function forgetReload(storage: PageStorage | undefined): void {
  writeStored(storage, key, undefined);
}
