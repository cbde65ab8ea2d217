import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeCacheFolder } from '../setup/cache-folder.mjs';
import { cacheFolder } from '../setup/paths.mjs';
import { SetUpError } from '../setup/set-up-error.mjs';

/** @returns SHA-256 in hex */
export function hashOf(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}

/** @returns whether a worker's binary has the hash that MEDIASOUP_WORKER_SHA256 requires; true when it is unset */
export function hasRequiredHash(binary: string, env: NodeJS.ProcessEnv): boolean {
  const wanted = requiredHash(env);
  return wanted === undefined || hashOf(readFileSync(binary)) === wanted;
}

/** @throws SetUpError when a worker's binary has another hash than MEDIASOUP_WORKER_SHA256 requires */
export function requireHash(binary: string, env: NodeJS.ProcessEnv = process.env): void {
  if (!hasRequiredHash(binary, env)) {
    throw new SetUpError(
      `the worker has the SHA-256 ${hashOf(readFileSync(binary))}, but MEDIASOUP_WORKER_SHA256 requires ${requiredHash(env)}`,
    );
  }
}

/**
 * Compares a downloaded worker with the one that was remembered: nothing else vouches for it, and a release that is
 * published does not change.
 *
 * @param name - the archive's file name, which has mediasoup's version and the platform
 * @throws SetUpError when the hash has changed
 */
export function requireSameAsBefore(name: string, binary: string): void {
  const file = rememberedFile(name);
  const hash = hashOf(readFileSync(binary));
  const before = existsSync(file) ? readFileSync(file, 'utf8').trim() : hash;
  if (hash !== before) {
    throw new SetUpError(
      `the worker in ${name} has the SHA-256 ${hash}, and had ${before} when it was downloaded before`,
      { advice: `If you know why it changed, remove ${file}.` },
    );
  }
}

/**
 * Remembers the hash of a downloaded worker that works, beside the cache of workers.
 *
 * @param name - the archive's file name
 */
export function rememberDownload(name: string, binary: string): void {
  makeCacheFolder('downloads');
  writeFileSync(rememberedFile(name), `${hashOf(readFileSync(binary))}\n`);
}

function rememberedFile(name: string): string {
  return join(cacheFolder(), 'downloads', `${name}.sha256`);
}

function requiredHash(env: NodeJS.ProcessEnv): string | undefined {
  const text = env.MEDIASOUP_WORKER_SHA256?.trim().toLowerCase() || undefined;
  if (text !== undefined && !/^[0-9a-f]{64}$/.test(text)) {
    throw new SetUpError(`MEDIASOUP_WORKER_SHA256 is ${text}: expected 64 hexadecimal digits`);
  }
  return text;
}
