import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runLogged } from '../../setup/run-logged.mjs';
import { SetUpError } from '../../setup/set-up-error.mjs';
import type { WorkerFacts } from '../cache.ts';
import type { WorkerInputs } from '../inputs.ts';
import { getSource } from './source.ts';

const tools = ['make', 'python3', 'c++', 'git', 'tar'];

/**
 * Builds a worker the way mediasoup does: pip installs Invoke, Meson and ninja, and Meson's wraps download the
 * libraries. Needs the internet, and works on every system that mediasoup supports.
 *
 * @param folder - an empty folder of ours
 * @param onLine - called with each line that is printed
 * @throws SetUpError naming the missing tools, or the step that failed
 */
export async function buildWithWraps(
  inputs: WorkerInputs,
  folder: string,
  onLine: (line: string) => void,
): Promise<{ binary: string; facts: WorkerFacts }> {
  const missing = tools.filter((tool) => spawnSync(tool, ['--version']).error);
  if (missing.length > 0) {
    throw new SetUpError(`missing: ${missing.join(', ')}`);
  }
  const worker = join(await getSource(inputs, folder), 'worker');
  const env: NodeJS.ProcessEnv = { ...process.env, MEDIASOUP_BUILDTYPE: 'Release' };
  // If it is set, mediasoup's build skips the worker.
  delete env.MEDIASOUP_WORKER_BIN;
  await runLogged('make', ['-C', worker, 'mediasoup-worker'], {
    what: "mediasoup's own build",
    env,
    onLine,
  });
  return {
    binary: join(worker, 'out/Release/mediasoup-worker'),
    facts: {
      patches: inputs.patches.map(({ name, sha256 }) => ({ name, sha256 })),
      libraries: { origin: "mediasoup's Meson wraps", versions: versions(worker) },
      compiler: spawnSync('c++', ['--version'], { encoding: 'utf8' }).stdout.split('\n')[0] ?? '',
      buildType: inputs.buildType,
    },
  };
}

function versions(worker: string): Record<string, string> {
  const folder = join(worker, 'subprojects');
  const wraps = readdirSync(folder).filter((name) => name.endsWith('.wrap'));
  return Object.fromEntries(
    wraps.map((name) => [
      name.replace(/\.wrap$/, ''),
      readFileSync(join(folder, name), 'utf8').match(/^directory *= *(.+)$/m)?.[1] ?? '',
    ]),
  );
}
