import { accessSync, constants, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { requireExecutable, requireExecutableCache } from '../setup/cache-folder.mjs';
import { withLock } from '../setup/lock.mjs';
import { SetUpError } from '../setup/set-up-error.mjs';
import { say } from '../setup/step.mjs';
import { findCached, workerFolder } from './cache.ts';
import { hasRequiredHash, requireHash } from './hashes.ts';
import type { Source, WorkerInputs } from './inputs.ts';
import { isWanted, type Way } from './ways.ts';

export interface GetWorkerOptions {
  /** Build again, whatever the cache has. */
  readonly rebuild?: boolean | undefined;
  readonly env?: NodeJS.ProcessEnv;
}

/**
 * Gets a mediasoup worker: the user's own, a cached one, or that of the first way that succeeds.
 *
 * @param ways - in the order in which they are tried
 * @returns the binary's path
 * @throws SetUpError when no way succeeds; the message has the reason of each. Also when programs can't run in the cache
 */
export async function getWorker(
  inputs: WorkerInputs,
  ways: readonly Way[],
  { rebuild = false, env = process.env }: GetWorkerOptions = {},
): Promise<string> {
  if (env.MEDIASOUP_WORKER_BIN && !rebuild) {
    const own = checkOwn(env.MEDIASOUP_WORKER_BIN);
    requireHash(own, env);
    return own;
  }
  const wanted = ways.filter((way) => isWanted(way.source, env, rebuild));
  const cached = rebuild ? undefined : firstCached(inputs, wanted, env);
  if (cached) {
    return cached;
  }
  requireExecutableCache();
  const failures: string[] = [];
  for (const way of wanted) {
    try {
      return await withLock(workerFolder(inputs, way.source), async () => {
        // Another process may have got it while we waited for the lock.
        const binary =
          (rebuild ? undefined : findCached(inputs, way.source)) ?? (await way.get(inputs));
        requireHash(binary, env);
        return binary;
      });
    } catch (error) {
      if (!(error instanceof SetUpError)) {
        throw error;
      }
      failures.push(`- ${way.title}: ${error.message.replaceAll('\n', '\n  ')}`);
      say(`worker: ${way.title}: ${error.message.split('\n')[0]}`);
    }
  }
  throw new SetUpError(
    `No mediasoup worker is available. These ways were tried:\n${failures.join('\n')}`,
    {
      advice: 'Or set MEDIASOUP_WORKER_BIN to the path of a worker that you have: docs/worker.md.',
    },
  );
}

/**
 * Finds the worker that `getWorker` returns without downloading or building one.
 *
 * @returns the binary's path; undefined when none is at hand
 * @throws SetUpError when MEDIASOUP_WORKER_BIN names a file that cannot be used, or programs can't run in the cache
 */
export function findWorker(
  inputs: WorkerInputs,
  ways: readonly Way[],
  env: NodeJS.ProcessEnv = process.env,
): string | undefined {
  return env.MEDIASOUP_WORKER_BIN
    ? checkOwn(env.MEDIASOUP_WORKER_BIN)
    : firstCached(
        inputs,
        ways.filter((way) => isWanted(way.source, env, false)),
        env,
      );
}

/** The builds come before the prebuilt worker, because they have our patches. */
function firstCached(
  inputs: WorkerInputs,
  wanted: readonly Way[],
  env: NodeJS.ProcessEnv,
): string | undefined {
  const order: Source[] = ['debian', 'wraps', 'prebuilt'];
  for (const source of order.filter((entry) => wanted.some((way) => way.source === entry))) {
    const binary = findCached(inputs, source);
    if (binary && hasRequiredHash(binary, env)) {
      requireExecutable(binary);
      return binary;
    }
  }
  return undefined;
}

function checkOwn(path: string): string {
  const absolute = resolve(path);
  try {
    if (!statSync(absolute).isFile()) {
      throw new Error('it is no file');
    }
    accessSync(absolute, constants.X_OK);
  } catch (error) {
    throw new SetUpError(
      `MEDIASOUP_WORKER_BIN is ${path}, which cannot be used: ${error instanceof Error ? error.message : error}`,
      {
        advice: 'Name an executable file, or unset the variable and oneport gets a worker itself.',
      },
    );
  }
  return absolute;
}
