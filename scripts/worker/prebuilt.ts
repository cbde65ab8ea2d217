import { chmodSync, lstatSync, readFileSync, writeFileSync } from 'node:fs';
import { release } from 'node:os';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { runLogged } from '../setup/run-logged.mjs';
import { SetUpError } from '../setup/set-up-error.mjs';
import type { WorkerFacts } from './cache.ts';
import { requireSameAsBefore } from './hashes.ts';
import type { WorkerInputs } from './inputs.ts';

/** fetch() itself gives up a connection after 10 s. */
const downloadWithinMs = 180_000;

/**
 * Downloads the worker that mediasoup publishes for its releases, which has none of our patches.
 *
 * @param folder - an empty folder of ours
 * @throws SetUpError when the server cannot be reached, has none for this system, or has another than before
 */
export async function downloadPrebuilt(
  inputs: WorkerInputs,
  folder: string,
): Promise<{ binary: string; facts: WorkerFacts }> {
  const archive = join(folder, 'prebuilt.tgz');
  const binary = join(folder, 'mediasoup-worker');
  writeFileSync(archive, await download(prebuiltUrl(inputs)));
  await runLogged('tar', ['-xzf', archive, '-C', folder, 'mediasoup-worker'], {
    what: 'unpacking the prebuilt worker',
  });
  if (!lstatSync(binary).isFile()) {
    throw new SetUpError(`${prebuiltUrl(inputs)} has no program in it`);
  }
  requireSameAsBefore(basename(prebuiltUrl(inputs)), binary);
  chmodSync(binary, 0o755);
  const libraries = { origin: "mediasoup's prebuilt worker", versions: {} };
  return { binary, facts: { patches: [], libraries, compiler: null, buildType: 'release' } };
}

/**
 * The address that mediasoup's own postinstall uses: see npm-scripts.mjs of mediasoup.
 *
 * @param env - MEDIASOUP_WORKER_PREBUILT_DOWNLOAD_BASE_URL names another place with the same files
 */
export function prebuiltUrl(
  { root, mediasoup }: Pick<WorkerInputs, 'root' | 'mediasoup'>,
  env: NodeJS.ProcessEnv = process.env,
): string {
  const kernel = process.platform === 'linux' ? `-kernel${release().split('.')[0]}` : '';
  const name = `mediasoup-worker-${mediasoup.version}-${process.platform}-${process.arch}${kernel}.tgz`;
  const base =
    env.MEDIASOUP_WORKER_PREBUILT_DOWNLOAD_BASE_URL || `${repository(root)}/releases/download`;
  return `${base}/${mediasoup.version}/${name}`;
}

function repository(root: string): string {
  const file = join(root, 'node_modules/mediasoup/package.json');
  const { repository } = z
    .object({ repository: z.object({ url: z.string() }) })
    .parse(JSON.parse(readFileSync(file, 'utf8')));
  return repository.url.replace(/^git\+/, '').replace(/\.git$/, '');
}

async function download(url: string): Promise<Buffer> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(downloadWithinMs) });
    if (!response.ok) {
      throw new SetUpError(`${url} answered ${response.status} ${response.statusText}`.trim());
    }
    return Buffer.from(await response.arrayBuffer());
  } catch (error) {
    if (error instanceof SetUpError) {
      throw error;
    }
    const { message, cause } = error as Error;
    const reason = cause instanceof Error ? cause.message : message;
    throw new SetUpError(`${url} can't be reached (${reason})`);
  }
}
