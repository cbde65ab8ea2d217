import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { release } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { runLogged } from '../setup/run-logged.mjs';
import { SetUpError } from '../setup/set-up-error.mjs';
import type { WorkerFacts } from './cache.ts';
import type { WorkerInputs } from './inputs.ts';

const answerWithinMs = 8000;
const downloadWithinMs = 180_000;

/**
 * Downloads the worker that mediasoup publishes for its releases, which has none of our patches.
 *
 * @param folder - An empty folder of ours.
 * @throws {SetUpError} When the server can't be reached or has none for this system.
 */
export async function downloadPrebuilt(
  inputs: WorkerInputs,
  folder: string,
): Promise<{ binary: string; facts: WorkerFacts }> {
  const url = prebuiltUrl(inputs);
  const archive = join(folder, 'prebuilt.tgz');
  const binary = join(folder, 'mediasoup-worker');

  writeFileSync(archive, await download(url));
  await runLogged('tar', ['-xzf', archive, '-C', folder, 'mediasoup-worker'], {
    what: 'unpacking the prebuilt worker',
  });
  chmodSync(binary, 0o755);

  return {
    binary,
    facts: {
      patches: [],
      libraries: { origin: "mediasoup's prebuilt worker", versions: {} },
      compiler: null,
      buildType: 'release',
    },
  };
}

/**
 * Where mediasoup's own postinstall looks: see npm-scripts.mjs of mediasoup.
 *
 * @param env - MEDIASOUP_WORKER_PREBUILT_DOWNLOAD_BASE_URL names another place with the same files.
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
  const controller = new AbortController();
  let timer = setTimeout(() => controller.abort(), answerWithinMs);

  try {
    const response = await fetch(url, { signal: controller.signal });

    if (!response.ok) {
      throw new SetUpError(`${url} answered ${response.status} ${response.statusText}`.trim());
    }
    clearTimeout(timer);
    timer = setTimeout(() => controller.abort(), downloadWithinMs);

    return Buffer.from(await response.arrayBuffer());
  } catch (error) {
    if (error instanceof SetUpError) {
      throw error;
    }
    throw new SetUpError(`${url} can't be reached (${reasonOf(error)})`);
  } finally {
    clearTimeout(timer);
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) {
    return String(error);
  }
  if (error.name === 'AbortError') {
    return 'no answer in time';
  }

  return error.cause instanceof Error ? error.cause.message : error.message;
}
