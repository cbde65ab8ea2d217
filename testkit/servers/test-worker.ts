import type { TestContext } from 'vitest';
import { readManifest } from '../../scripts/worker/manifest.ts';

/**
 * For tests: the worker that the launcher got.
 *
 * @throws When the tests were not started by `npm test`.
 */
export function workerOfTests(): string {
  const binary = process.env.MEDIASOUP_WORKER_BIN;

  if (!binary) {
    throw new Error('MEDIASOUP_WORKER_BIN is not set: run the tests by `npm test`');
  }

  return binary;
}

/**
 * For tests of what a patch changes, in beforeEach. Any other worker that lacks the patch fails them, so that they
 * show what it is for.
 */
export function skipWithPrebuiltWorker({ skip }: TestContext): void {
  skip(readManifest(workerOfTests())?.source === 'prebuilt', 'the prebuilt worker has no patches');
}
