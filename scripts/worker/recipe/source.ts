import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { runLogged } from '../../setup/run-logged.mjs';
import type { WorkerInputs } from '../inputs.ts';
import { getTarball } from '../tarball.ts';

/**
 * Brings mediasoup's source, as its npm tarball carries it, with our patches applied.
 *
 * @param folder - An empty folder of ours.
 * @returns The path of the source: what the tarball calls `package`.
 * @throws {SetUpError} When the tarball can't be had or isn't the one that package-lock.json names, or a patch
 *   doesn't apply.
 */
export async function getSource(inputs: WorkerInputs, folder: string): Promise<string> {
  const source = join(folder, 'mediasoup');
  const tarball = await getTarball(inputs.mediasoup);

  mkdirSync(source);
  await runLogged('tar', ['-xzf', tarball, '-C', source, '--strip-components=1'], {
    what: 'unpacking mediasoup',
  });
  for (const { name, path } of inputs.patches) {
    // No fuzz: a patch that applies somewhere near may have got it wrong.
    await runLogged('patch', ['-p1', '-F0', '-N', '-i', path], {
      what: `applying ${name}`,
      cwd: source,
    });
  }

  return source;
}
