import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Request, RequestHandler } from 'express';

/** The built app; set-up builds it. */
export const builtApp = fileURLToPath(new URL('../../../app/dist', import.meta.url));

/**
 * Sends a page of the built app. Vite writes URLs in it relative to the page; they become absolute, because the same
 * page is served at several paths. If the app is not built, the last handler says so.
 *
 * @param file - in the built app
 * @param basePath - the page's path on its host, with a slash at both ends; the app reads it from `data-base`
 * @param exists - whether the page has something to show at the request's path; otherwise its status is 404
 */
export function sendPage(
  file: string,
  basePath: string,
  exists: (request: Request) => boolean = () => true,
): RequestHandler {
  return async (request, response, next) => {
    const page = await readFile(join(builtApp, file), 'utf8').catch(() => undefined);
    if (page === undefined) {
      next();
      return;
    }
    response
      .status(exists(request) ? 200 : 404)
      .set('Cache-Control', 'public, max-age=0')
      .type('html')
      .send(page.replaceAll('="./', `="${basePath}`));
  };
}

/** @returns tells whether the documentation has the page that a request for /docs/:page names */
export function docsPageTest(): (request: Request) => boolean {
  let names: Set<unknown> | undefined;
  try {
    names = new Set(JSON.parse(readFileSync(join(builtApp, 'docs-pages.json'), 'utf8')));
  } catch {
    // The app is not built; there is no page to send either.
  }
  return ({ params: { page } }) => page === undefined || names?.has(page) === true;
}
