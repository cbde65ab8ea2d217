import { execFile, spawnSync } from 'node:child_process';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { SetUpError } from '../setup/set-up-error.mjs';

/** The exit code of a worker that is started without a version: see main.cpp in mediasoup. */
const exitCodeWithoutVersion = 41;

/** Starts a worker as mediasoup does and sends requests. In a process of its own, which a dying worker may take along. */
const check = `
  const [, workerBin, mediasoup] = process.argv;
  const { createWorker } = await import(mediasoup);
  const worker = await createWorker({ workerBin, logLevel: 'warn' });
  await worker.createRouter({ mediaCodecs: [] });
  const { routerIds } = await worker.dump();
  worker.close();
  process.exitCode = routerIds.length === 1 ? 0 : 1;
`;

/**
 * Makes sure that a binary is a worker that runs here.
 *
 * @param index - the index.js of the mediasoup that it belongs to. Default: that in node_modules
 * @throws SetUpError that says what it did instead
 */
export async function verifyWorker(binary: string, index?: string): Promise<void> {
  const { status, signal, error, stderr } = spawnSync(binary, { env: {}, encoding: 'utf8' });
  if (status !== exitCodeWithoutVersion) {
    throw new SetUpError(
      `the worker does not run here: ${error?.message ?? signal ?? `exit code ${status}`}`,
      { tail: stderr?.trim() },
    );
  }
  const mediasoup = index ? pathToFileURL(index).href : import.meta.resolve('mediasoup');
  const args = ['--input-type=module', '-e', check, '--', binary, mediasoup];
  await promisify(execFile)(process.execPath, args).catch(({ stdout, stderr }) => {
    throw new SetUpError('mediasoup cannot work with the worker', {
      tail: `${stdout}${stderr}`.trim(),
    });
  });
}
