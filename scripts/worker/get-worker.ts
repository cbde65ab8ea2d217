import { accessSync, constants, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { withLock } from '../setup/lock.mjs';
import { SetUpError } from '../setup/set-up-error.mjs';
import { say } from '../setup/step.mjs';
import { findCached, workerFolder } from './cache.ts';
import type { Source, WorkerInputs } from './inputs.ts';
import { isWanted, type Way } from './ways.ts';

export interface GetWorkerOptions {
  /** Build again, whatever the cache has. */
  readonly rebuild?: boolean;
  readonly env?: NodeJS.ProcessEnv;
}

/**
 * Gets a mediasoup worker: the person's own, one of the cache, or the first that one of the ways can give.
 *
 * @param ways - In the order in which they are tried.
 * @returns The binary's path.
 * @throws {SetUpError} When none can be had; the message says of each way why.
 */
export async function getWorker(
  inputs: WorkerInputs,
  ways: readonly Way[],
  { rebuild = false, env = process.env }: GetWorkerOptions = {},
): Promise<string> {
  if (env.MEDIASOUP_WORKER_BIN && !rebuild) {
    return checkOwn(env.MEDIASOUP_WORKER_BIN);
  }

  const wanted = ways.filter((way) => isWanted(way.source, env, rebuild));
  const cached = rebuild ? undefined : firstCached(inputs, wanted);

  if (cached) {
    return cached;
  }

  const failures: string[] = [];

  for (const way of wanted) {
    const result = await attempt(inputs, way, rebuild);

    if (result.binary !== undefined) {
      return result.binary;
    }
    failures.push(`- ${way.title}: ${result.reason.replaceAll('\n', '\n  ')}`);
    say(`worker: ${way.title}: ${result.reason.split('\n')[0]}`);
  }

  throw new SetUpError(`A mediasoup worker can't be had. What was tried:\n${failures.join('\n')}`, {
    advice:
      'Or set MEDIASOUP_WORKER_BIN to the path of a worker that you have. docs/worker.md tells more.',
  });
}

/**
 * The worker that getWorker() gives without getting any.
 *
 * @returns The binary's path; undefined when none is at hand.
 * @throws {SetUpError} When MEDIASOUP_WORKER_BIN names something that can't be used.
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
      );
}

type Attempt = { binary: string } | { binary?: undefined; reason: string };

async function attempt(inputs: WorkerInputs, way: Way, rebuild: boolean): Promise<Attempt> {
  try {
    const binary = await withLock(workerFolder(inputs, way.source), async () => {
      // Another process may have got it while we waited for the lock.
      const cached = rebuild ? undefined : findCached(inputs, way.source);

      return cached ?? (await way.get(inputs));
    });

    return { binary };
  } catch (error) {
    if (!(error instanceof SetUpError)) {
      throw error;
    }

    return { reason: error.message };
  }
}

/** A worker with our patches is better than one without, so the builds come before the prebuilt one. */
function firstCached(inputs: WorkerInputs, wanted: readonly Way[]): string | undefined {
  const order: Source[] = ['debian', 'wraps', 'prebuilt'];

  for (const source of order.filter((entry) => wanted.some((way) => way.source === entry))) {
    const binary = findCached(inputs, source);

    if (binary) {
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
      `MEDIASOUP_WORKER_BIN is ${path}, which can't be used: ${error instanceof Error ? error.message : error}`,
      {
        advice: 'Name an executable file, or unset the variable and oneport gets a worker itself.',
      },
    );
  }

  return absolute;
}
