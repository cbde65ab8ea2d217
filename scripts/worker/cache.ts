import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { cacheFolder } from '../setup/paths.mjs';
import { say } from '../setup/step.mjs';
import { hashOf } from './hashes.ts';
import { type Source, type WorkerInputs, workerKey } from './inputs.ts';
import { manifestName, readManifest, type WorkerManifest } from './manifest.ts';

/** The part of the manifest that depends on how a worker was made; the rest follows from the inputs. */
export type WorkerFacts = Pick<WorkerManifest, 'patches' | 'libraries' | 'compiler' | 'buildType'>;

const binaryName = 'mediasoup-worker';

/**
 * Finds a worker in the cache. A worker that differs from its manifest is removed, so that it is never used and is
 * made again.
 *
 * @returns the binary's path
 */
export function findCached(inputs: WorkerInputs, source: Source): string | undefined {
  const folder = workerFolder(inputs, source);
  const binary = join(folder, binaryName);
  if (!existsSync(folder)) {
    return undefined;
  }
  const damage = damageOf(binary);
  if (damage === undefined) {
    return binary;
  }
  say(`removing the damaged worker in ${folder}: ${damage}`);
  rmSync(folder, { recursive: true, force: true });
  return undefined;
}

/**
 * Puts a worker into the cache, completely or not at all.
 *
 * @param make - makes the binary in a temporary folder, which is removed afterwards, and returns its path
 * @returns the path of the binary in the cache
 */
export async function store(
  inputs: WorkerInputs,
  source: Source,
  make: (temporary: string) => Promise<{ binary: string; facts: WorkerFacts }>,
): Promise<string> {
  const folder = workerFolder(inputs, source);
  const temporary = makeTemporary(folder);
  try {
    const { binary, facts } = await make(join(temporary, 'work'));
    const fresh = join(temporary, 'result');
    const content = readFileSync(binary);
    const manifest: WorkerManifest = {
      mediasoup: inputs.mediasoup.version,
      source,
      ...facts,
      platform: inputs.platform,
      key: workerKey(inputs, source),
      binary: { sha256: hashOf(content), size: content.length },
      builtAt: new Date().toISOString(),
    };
    mkdirSync(fresh);
    writeFileSync(join(fresh, binaryName), content);
    chmodSync(join(fresh, binaryName), 0o755);
    writeFileSync(join(fresh, manifestName), `${JSON.stringify(manifest, null, 2)}\n`);
    if (existsSync(folder)) {
      renameSync(folder, join(temporary, 'replaced'));
    }
    renameSync(fresh, folder);
    return join(folder, binaryName);
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

/** @returns the folder in which the cache keeps the worker of this source */
export function workerFolder(inputs: WorkerInputs, source: Source): string {
  const key = workerKey(inputs, source).slice(0, 16);
  return join(cacheFolder(), 'workers', `mediasoup-${inputs.mediasoup.version}-${source}-${key}`);
}

/** Made beside its destination, because renaming works only within one file system. */
function makeTemporary(folder: string): string {
  const parent = dirname(folder);
  const prefix = `.${basename(folder)}-`;
  mkdirSync(parent, { recursive: true });
  // The caller holds the lock of this worker, so these are left over from processes that were killed.
  for (const name of readdirSync(parent).filter((entry) => entry.startsWith(prefix))) {
    rmSync(join(parent, name), { recursive: true, force: true });
  }
  const temporary = mkdtempSync(join(parent, prefix));
  mkdirSync(join(temporary, 'work'));
  return temporary;
}

function damageOf(binary: string): string | undefined {
  if (!existsSync(binary)) {
    return 'there is no binary';
  }
  try {
    const manifest = readManifest(binary);
    if (!manifest) {
      return 'there is no manifest';
    }
    return hashOf(readFileSync(binary)) === manifest.binary.sha256
      ? undefined
      : 'its SHA-256 differs from the manifest';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
