import { existsSync } from 'node:fs';
import { extname, join } from 'node:path';
import type { RequestHandler } from 'express';

/** By the name of the encoding (RFC 9110, 8.4.1), the best first. app/precompress.ts writes the files. */
const endings = { br: '.br', gzip: '.gz' } as const;

/**
 * Makes the static middleware behind it send the compressed file that lies beside a requested one, if the client
 * accepts its encoding (RFC 9110, 12.5.3).
 *
 * @param folder - the folder that the static middleware serves at the same path
 */
export function precompressed(folder: string): RequestHandler {
  return (request, response, next) => {
    const { path } = request;
    if (!/^\/[\w-]+(\.[\w-]+)*$/.test(path)) {
      next();
      return;
    }
    for (const [encoding, ending] of Object.entries(endings)) {
      if (existsSync(join(folder, path + ending))) {
        // For answers without an encoding too.
        response.vary('Accept-Encoding');
        if (request.acceptsEncodings(encoding)) {
          response.set('Content-Encoding', encoding).type(extname(path));
          request.url = request.url.replace(path, path + ending);
          break;
        }
      }
    }
    next();
  };
}
