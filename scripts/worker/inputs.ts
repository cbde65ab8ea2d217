import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { operatingSystem } from '../setup/apt.mjs';
import { contentHash, filesBelow } from '../setup/content-hash.mjs';

const packageLock = z.object({
  packages: z.object({
    'node_modules/mediasoup': z.object({ version: z.string(), integrity: z.string() }),
  }),
});

export interface Patch {
  /** The file's name in patches/. */
  readonly name: string;
  readonly path: string;
  readonly sha256: string;
}

/** Everything that determines a worker. */
export interface WorkerInputs {
  /** The checkout. */
  readonly root: string;
  readonly mediasoup: { readonly version: string; readonly integrity: string };
  /** In the order of patches/series. */
  readonly patches: readonly Patch[];
  /** A hash of the files in recipe/, which define how a worker is built. */
  readonly recipe: string;
  /** Processor, system and C library: where a binary can be used. */
  readonly platform: string;
  readonly buildType: 'release';
}

export type Source = 'debian' | 'wraps' | 'prebuilt';

/**
 * @param root - the checkout, its dependencies installed
 * @throws Error when package-lock.json or patches/series is missing or malformed
 */
export function readInputs(root: string): WorkerInputs {
  const recipe = filesBelow(root, 'scripts/worker/recipe', (name) => name.includes('.test.'));
  return {
    root,
    mediasoup: pinnedMediasoup(root),
    patches: readSeries(join(root, 'patches')),
    recipe: contentHash(root, recipe),
    platform: platform(),
    buildType: 'release',
  };
}

/**
 * @param root - the checkout
 * @returns the release of mediasoup that package-lock.json pins
 */
export function pinnedMediasoup(root: string): WorkerInputs['mediasoup'] {
  return packageLock.parse(readJson(join(root, 'package-lock.json'))).packages[
    'node_modules/mediasoup'
  ];
}

/**
 * The cache's key of the worker that one way of getting it produces.
 *
 * @returns SHA-256 in hex
 */
export function workerKey(inputs: WorkerInputs, source: Source): string {
  const { mediasoup, patches, recipe, platform, buildType } = inputs;
  const parts =
    source === 'prebuilt'
      ? { source, mediasoup, platform }
      : {
          source,
          mediasoup,
          platform,
          recipe,
          buildType,
          patches: patches.map(({ name, sha256 }) => ({ name, sha256 })),
        };
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}

/**
 * @param folder - the folder of patches, with a file `series`: a name on each line, `#` begins a comment
 * @throws Error when a file that series names is missing
 */
export function readSeries(folder: string): Patch[] {
  return readFileSync(join(folder, 'series'), 'utf8')
    .split('\n')
    .map((line) => line.replace(/#.*/, '').trim())
    .filter((name) => name !== '')
    .map((name) => {
      const path = join(folder, name);
      return { name, path, sha256: createHash('sha256').update(readFileSync(path)).digest('hex') };
    });
}

function platform(): string {
  const { id, version } = operatingSystem();
  const parts: string[] = [process.platform, process.arch];
  if (process.platform === 'linux') {
    parts.push(`${id}${version}`, cLibrary());
  }
  return parts.join('-');
}

function cLibrary(): string {
  // Otherwise Node looks up the names of its network peers, which may take seconds.
  Object.assign(process.report, { excludeNetwork: true });
  const report = z
    .object({ header: z.object({ glibcVersionRuntime: z.string().optional() }) })
    .parse(process.report.getReport());
  const version = report.header.glibcVersionRuntime;
  return version ? `glibc${version}` : 'musl';
}

function readJson(file: string): unknown {
  return JSON.parse(readFileSync(file, 'utf8'));
}
