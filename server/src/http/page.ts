import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RequestHandler } from 'express';

/** The built app; set-up builds it. */
export const builtApp = fileURLToPath(new URL('../../../app/dist', import.meta.url));

/**
 * Sends a page of the built app. Vite writes URLs in it relative to the page; they become absolute, because the same
 * page is served at several paths. If the app is not built, the last handler says so.
 *
 * @param file - in the built app
 * @param basePath - the page's path on its host, with a slash at both ends; the app reads it from `data-base`
 */
export function sendPage(file: string, basePath: string): RequestHandler {
  return async (_request, response, next) => {
    const page = await readFile(join(builtApp, file), 'utf8').catch(() => undefined);
    if (page === undefined) {
      next();
      return;
    }
    response
      .set('Cache-Control', 'public, max-age=0')
      .type('html')
      .send(page.replaceAll('="./', `="${basePath}`));
  };
}
