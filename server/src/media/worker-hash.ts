import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { workerBin as mediasoupsOwn } from 'mediasoup';
import { StartError } from '../config/start-error.ts';
import type { MediaConfig } from '../config/types.ts';

/**
 * Compares the worker's binary with MEDIASOUP_WORKER_SHA256.
 *
 * @throws StartError when it has another hash, or can't be read
 */
export function checkWorkerHash({ workerBin = mediasoupsOwn, workerSha256 }: MediaConfig): void {
  if (workerSha256 === undefined) {
    return;
  }
  const found = hashOf(workerBin);
  if (found !== workerSha256) {
    throw new StartError(
      `  MEDIASOUP_WORKER_SHA256=${workerSha256}: ${workerBin} has the SHA-256 ${found}. ` +
        'Name the right worker by MEDIASOUP_WORKER_BIN, or correct the hash.',
    );
  }
}

function hashOf(file: string): string {
  try {
    return createHash('sha256').update(readFileSync(file)).digest('hex');
  } catch (error) {
    throw new StartError(`  The worker can't be read: ${(error as Error).message}`);
  }
}
