import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { npmCommand } from '../../setup/npm.mjs';
import { runLogged } from '../../setup/run-logged.mjs';
import { SetUpError } from '../../setup/set-up-error.mjs';
import type { WorkerInputs } from '../inputs.ts';

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
  const tarball = await getTarball(inputs, folder);

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

async function getTarball({ mediasoup }: WorkerInputs, folder: string): Promise<string> {
  const npm = npmCommand();

  await runLogged(
    npm.program,
    [
      ...npm.args,
      'pack',
      `mediasoup@${mediasoup.version}`,
      '--ignore-scripts',
      '--prefer-offline',
      `--pack-destination=${folder}`,
    ],
    { what: 'npm pack mediasoup', cwd: folder },
  );

  const name = readdirSync(folder).find((entry) => entry.endsWith('.tgz'));

  if (!name) {
    throw new SetUpError('npm pack mediasoup left no tarball');
  }

  const tarball = join(folder, name);
  const integrity = `sha512-${createHash('sha512').update(readFileSync(tarball)).digest('base64')}`;

  if (integrity !== mediasoup.integrity) {
    throw new SetUpError(
      `mediasoup's tarball has the integrity ${integrity}, package-lock.json says ${mediasoup.integrity}`,
    );
  }

  return tarball;
}
