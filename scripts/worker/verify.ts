import { spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { SetUpError } from '../setup/set-up-error.mjs';

/** What a worker exits with when nobody tells it a version: see main.cpp in mediasoup. */
const noFatherExitCode = 41;

/**
 * Makes sure that a binary is a worker that runs here.
 *
 * @param index - The index.js of the mediasoup that it belongs to; undefined: that in node_modules.
 * @throws {SetUpError} Saying what it did instead.
 */
export async function verifyWorker(binary: string, index?: string): Promise<void> {
  const { status, signal, error, stderr } = spawnSync(binary, { env: {}, encoding: 'utf8' });

  if (status !== noFatherExitCode) {
    throw new SetUpError(
      `the worker doesn't run here: ${error?.message ?? signal ?? `exit code ${status}`}`,
      { tail: stderr?.trim() },
    );
  }

  const check = spawn(
    process.execPath,
    [join(import.meta.dirname, 'start-check.ts'), binary, ...(index ? [index] : [])],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let output = '';

  for (const stream of [check.stdout, check.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }

  const code = await new Promise((settle, fail) => {
    check.once('error', fail);
    check.once('close', settle);
  });

  if (code !== 0) {
    throw new SetUpError("mediasoup can't work with the worker", { tail: output.trim() });
  }
}
