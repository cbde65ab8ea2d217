import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { aptInstall, hasApt, operatingSystem } from '../../setup/apt.mjs';
import { SetUpError } from '../../setup/set-up-error.mjs';
import { say } from '../../setup/step.mjs';
import { getKernel, getUserland } from './debian.ts';
import { boot } from './emulator.ts';
import { makeInitramfs } from './initramfs.ts';
import { getModules } from './modules.ts';
import { architectures, type Options } from './options.ts';

/**
 * `npm run steering -- try-kernel`: runs the tests of shared-port on the kernel of another Debian release, or of another
 * architecture, in an emulated machine.
 *
 * @throws SetUpError when something is missing, or the tests don't come to their end
 * @returns the tests' exit code
 */
export async function tryKernel(options: Options): Promise<number> {
  const { architecture, hasWorker, suite } = options;
  if (!hasApt() || operatingSystem().id !== 'debian') {
    throw new SetUpError('try-kernel takes Debian: kernels and programs come by its apt');
  }
  await aptInstall([architectures[architecture].package, 'cpio'], 'to boot another kernel');
  if (!hasWorker) {
    say(`there is no worker for ${architecture} here: tests that take one are left out`);
  }
  const worker = hasWorker ? process.env.MEDIASOUP_WORKER_BIN : undefined;
  const kernel = await getKernel(options);
  const parts = {
    userland: await getUserland(options),
    modules: await getModules(options),
    worker,
  };
  const folder = mkdtempSync(join(tmpdir(), 'oneport-kernel-'));
  try {
    const code = await boot(architecture, kernel, await makeInitramfs(folder, parts, options));
    if (code === undefined) {
      throw new SetUpError(`the tests on ${suite}'s kernel didn't come to their end`);
    }
    return code;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
