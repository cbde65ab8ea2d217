import {
  chmodSync,
  copyFileSync,
  cpSync,
  lstatSync,
  mkdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { root } from '../../setup/paths.mjs';
import { runLogged } from '../../setup/run-logged.mjs';
import { guestInit, inGuest } from './guest-init.ts';
import type { Modules } from './modules.ts';
import type { Options } from './options.ts';

/** Of the checkout, what its tests and the server read. */
const copied = ['package.json', 'vitest.config.ts', 'protocol', 'server', 'scripts', 'docs', 'app'];
/** Large, and of no use in the guest, whose memory all this is. */
const leftOut = ['node', '@biomejs', '@typescript', 'playwright-core', 'puppeteer-core'];

/** Where its parts lie. */
export interface Parts {
  readonly userland: string;
  readonly modules: Modules;
  /** The worker, if there is one for the guest; what lies in its folder comes with it. */
  readonly worker: string | undefined;
}

/**
 * All that the guest has, as one archive that its kernel unpacks into memory: it needs no disk and no driver.
 *
 * @param folder - an empty one, to put it together in
 * @returns the archive's path
 */
export async function makeInitramfs(
  folder: string,
  { userland, modules, worker }: Parts,
  options: Options,
): Promise<string> {
  const guest = join(folder, 'guest');
  const copy = (from: string, to: string, filter = (_: string) => true) =>
    cpSync(from, join(guest, to), { recursive: true, verbatimSymlinks: true, filter });
  copy(userland, '.');
  mergeUsr(guest);
  rmSync(join(guest, 'usr/share/doc'), { recursive: true, force: true });
  rmSync(join(guest, 'usr/share/locale'), { recursive: true, force: true });
  for (const name of ['passwd', 'group']) {
    copyFileSync(join(guest, `usr/share/base-passwd/${name}.master`), join(guest, 'etc', name));
  }
  writeFileSync(join(guest, 'etc/hosts'), '127.0.0.1 localhost\n::1 localhost\n');
  for (const name of copied) {
    copy(join(root, name), join(inGuest.checkout, name));
  }
  const inModules = join(inGuest.checkout, 'node_modules');
  copy(modules.folder, inModules, (path) => {
    const [top = ''] = relative(modules.folder, path).split(sep);
    return !leftOut.includes(top);
  });
  // Ours, with what the patches change in it.
  copy(join(root, 'node_modules/mediasoup'), join(inModules, 'mediasoup'));
  copyFileSync(modules.node, join(guest, 'usr/bin/node'));
  mkdirSync(join(guest, inGuest.worker));
  if (worker) {
    copy(dirname(worker), inGuest.worker);
    copyFileSync(worker, join(guest, inGuest.worker, 'mediasoup-worker'));
  }
  for (const name of ['proc', 'sys', 'dev', 'mnt', 'root', 'run', 'tmp']) {
    mkdirSync(join(guest, name), { recursive: true });
  }
  chmodSync(join(guest, 'tmp'), 0o1777);
  writeFileSync(join(guest, 'init'), guestInit(options), { mode: 0o755 });
  return await archive(guest, join(folder, 'initramfs.cpio'));
}

/** As on an installed Debian: the packages of some releases have programs in /bin that belong into /usr/bin. */
function mergeUsr(guest: string): void {
  for (const name of ['bin', 'sbin', 'lib', 'lib64']) {
    const folder = join(guest, name);
    if (!lstatSync(folder, { throwIfNoEntry: false })?.isDirectory()) {
      continue;
    }
    cpSync(folder, join(guest, 'usr', name), { recursive: true, verbatimSymlinks: true });
    rmSync(folder, { recursive: true });
    symlinkSync(`usr/${name}`, folder);
  }
}

async function archive(guest: string, file: string): Promise<string> {
  // The folder's own rights become those of the guest's root.
  chmodSync(guest, 0o755);
  const command =
    'find . -print0 | cpio --null --create --format=newc --owner=+0:+0 --quiet > "$1"';
  await runLogged('sh', ['-c', command, 'sh', file], { what: 'cpio', cwd: guest });
  return file;
}
