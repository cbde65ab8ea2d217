import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { privateApt } from '../../debian/private-apt.ts';
import { operatingSystem } from '../../setup/apt.mjs';
import { withLock } from '../../setup/lock.mjs';
import { cacheFolder } from '../../setup/paths.mjs';
import { SetUpError } from '../../setup/set-up-error.mjs';
import { step } from '../../setup/step.mjs';
import type { Options } from './options.ts';

const run = promisify(execFile);

/** What the tests call, and what Node and the worker are linked with; apt adds what these need. */
const userland = ['base-files', 'base-passwd', 'bash', 'coreutils', 'dash', 'iproute2', 'libc-bin'];
const more = ['libcap2-bin', 'libstdc++6', 'mount', 'util-linux'];

/**
 * A release's kernel, out of its package in our cache.
 *
 * @returns the path of a file that qemu boots
 * @throws SetUpError when it can't be had
 */
export async function getKernel({ suite, architecture }: Options): Promise<string> {
  const image = `linux-image-${architecture}`;
  const name = `kernel-${suite}-${architecture}`;
  const folder = await cached(name, suite, architecture, async (env, temporary) => {
    // A package without content, which needs the one of the newest version.
    const { stdout } = await run('apt-cache', ['show', '--no-all-versions', image], { env });
    const [, newest] = /^Depends: (linux-image-\S+)/m.exec(stdout) ?? [];
    if (!newest) {
      throw new Error(`${image} of ${suite} needs no package`);
    }
    await run('apt-get', ['download', newest], { env, cwd: temporary });
  });
  const file = readdirSync(join(folder, 'boot')).find((entry) => entry.startsWith('vmlinuz-'));
  if (!file) {
    throw new SetUpError(`no kernel in ${folder}`);
  }
  return join(folder, 'boot', file);
}

/**
 * This machine's own release, unpacked for the guest, since the worker is linked with its libraries.
 *
 * @returns a folder that is to be copied
 * @throws SetUpError when it can't be had
 */
export async function getUserland({ architecture }: Options): Promise<string> {
  const suite = operatingSystem().codename;
  const name = `userland-${suite}-${architecture}`;
  return await cached(name, suite, architecture, async (env, temporary) => {
    const only = ['install', '--yes', '--download-only', '--no-install-recommends'];
    await run('apt-get', [...only, ...userland, ...more], { env, cwd: temporary });
    const archives = join(temporary, 'archives');
    for (const deb of readdirSync(archives).filter((entry) => entry.endsWith('.deb'))) {
      renameSync(join(archives, deb), join(temporary, deb));
    }
  });
}

/** @param download - puts packages into the temporary folder */
async function cached(
  name: string,
  suite: string,
  architecture: string,
  download: (env: NodeJS.ProcessEnv, temporary: string) => Promise<void>,
): Promise<string> {
  const folder = join(cacheFolder(), 'other-kernels', name);
  mkdirSync(join(folder, '..'), { recursive: true });
  await withLock(folder, async () => {
    if (existsSync(folder)) {
      return;
    }
    const temporary = mkdtempSync(`${folder}-`);
    try {
      await step(name, 'Debian packages are downloaded', async () => {
        await download(await privateApt(temporary, { suite, architecture }), temporary);
        const debs = readdirSync(temporary).filter((entry) => entry.endsWith('.deb'));
        for (const deb of debs) {
          await run('dpkg-deb', ['-x', join(temporary, deb), join(temporary, 'unpacked')]);
        }
        renameSync(join(temporary, 'unpacked'), folder);
      });
    } catch (error) {
      throw new SetUpError(`${name} can't be had from Debian: ${(error as Error).message}`);
    } finally {
      rmSync(temporary, { recursive: true, force: true });
    }
  });
  return folder;
}
