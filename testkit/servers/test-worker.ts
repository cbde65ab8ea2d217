import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createWorker, type types } from 'mediasoup';
import { onTestFinished, type TestContext } from 'vitest';

/**
 * The path of the worker that `npm test` provides.
 *
 * @throws when the tests were not started by `npm test`
 */
export function workerOfTests(): string {
  const binary = process.env.MEDIASOUP_WORKER_BIN;
  if (!binary) {
    throw new Error('MEDIASOUP_WORKER_BIN is not set. Run the tests by `npm test`.');
  }
  return binary;
}

/** Starts a worker that is closed when the test has finished. */
export async function startTestWorker(settings: types.WorkerSettings = {}): Promise<types.Worker> {
  const worker = await createWorker({
    logLevel: 'error',
    ...settings,
    workerBin: workerOfTests(),
  });
  onTestFinished(() => worker.close());
  // Without a listener, mediasoup's event emitter throws when a worker dies.
  worker.on('died', () => {});
  return worker;
}

/**
 * For beforeEach, in tests of what a patch changes. With any other worker that lacks the patch they fail,
 * which shows what the patch is for.
 */
export function skipWithPrebuiltWorker({ skip }: TestContext): void {
  skip(sourceOf(workerOfTests()) === 'prebuilt', 'the prebuilt worker has no patches');
}

/** The `source` field of a worker's manifest (docs/worker.md), which lies beside its binary. */
function sourceOf(binary: string): string | undefined {
  try {
    return JSON.parse(readFileSync(join(dirname(binary), 'manifest.json'), 'utf8')).source;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      return undefined;
    }
    throw error;
  }
}
