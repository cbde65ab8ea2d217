import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/** The file beside a worker's binary that says what is in it. */
const workerManifest = z.object({
  mediasoup: z.string(),
  /** Its origin: built with Debian's libraries, built with mediasoup's wraps, downloaded, or of a work tree. */
  source: z.enum(['debian', 'wraps', 'prebuilt', 'tree']),
  /** In the order in which they were applied, by the names of the files in patches/. */
  patches: z.array(z.object({ name: z.string(), sha256 })),
  libraries: z.object({ origin: z.string(), versions: z.record(z.string(), z.string()) }),
  /** The first line of `c++ --version`; null when upstream built the worker. */
  compiler: z.string().nullable(),
  buildType: z.string(),
  platform: z.string(),
  /** SHA-256 of everything that went in: the cache's key. */
  key: sha256,
  binary: z.object({ sha256, size: z.int().positive() }),
  builtAt: z.iso.datetime(),
});

export type WorkerManifest = z.infer<typeof workerManifest>;

/** The manifest's file name. */
export const manifestName = 'manifest.json';

/**
 * Reads the manifest of a worker.
 *
 * @param binary - the path of a worker's binary
 * @returns undefined when there is none, as with mediasoup's own worker
 * @throws Error when there is one that is not valid
 */
export function readManifest(binary: string): WorkerManifest | undefined {
  const file = join(dirname(binary), manifestName);
  if (!existsSync(file)) {
    return undefined;
  }
  try {
    return workerManifest.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (error) {
    throw new Error(`${file} is not a worker's manifest`, { cause: error });
  }
}
