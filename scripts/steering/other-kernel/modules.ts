import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { join } from 'node:path';
import { withLock } from '../../setup/lock.mjs';
import { npmCommand } from '../../setup/npm.mjs';
import { bundledNode, cacheFolder, root } from '../../setup/paths.mjs';
import { runLogged } from '../../setup/run-logged.mjs';
import { step } from '../../setup/step.mjs';
import { architectures, type Options } from './options.ts';

/** What npm installs, for the guest. */
export interface Modules {
  /** A program. */
  readonly node: string;
  /** A `node_modules` folder. */
  readonly folder: string;
}

/**
 * Node and node_modules: the checkout's own, or those of another architecture, which npm brings into our cache.
 *
 * @throws SetUpError when npm fails
 */
export async function getModules({ architecture, hasWorker }: Options): Promise<Modules> {
  if (hasWorker) {
    return { node: bundledNode(), folder: join(root, 'node_modules') };
  }
  const cpu = architectures[architecture].node;
  const lock = createHash('sha256').update(readFileSync(join(root, 'package-lock.json')));
  const hash = lock.digest('hex').slice(0, 16);
  const cache = join(cacheFolder(), 'other-kernels', `modules-${cpu}-${hash}`);
  mkdirSync(join(cache, '..'), { recursive: true });
  await withLock(cache, async () => {
    if (existsSync(cache)) {
      return;
    }
    const temporary = mkdtempSync(`${cache}-`);
    try {
      await step('node_modules', `npm ci for ${cpu}`, () => install(temporary, cpu));
      renameSync(temporary, cache);
    } finally {
      rmSync(temporary, { recursive: true, force: true });
    }
  });
  return { node: join(cache, 'package/bin/node'), folder: join(cache, 'node_modules') };
}

async function install(folder: string, cpu: string): Promise<void> {
  const { workspaces } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  copyFileSync(join(root, 'package-lock.json'), join(folder, 'package-lock.json'));
  for (const workspace of ['.', ...workspaces]) {
    mkdirSync(join(folder, workspace), { recursive: true });
    copyFileSync(join(root, workspace, 'package.json'), join(folder, workspace, 'package.json'));
  }
  const npm = npmCommand();
  const call = (...args: string[]) =>
    runLogged(npm.program, [...npm.args, ...args, '--ignore-scripts'], {
      what: `npm ${args[0]} for ${cpu}`,
      cwd: folder,
    });
  await call('ci', `--cpu=${cpu}`, '--os=linux', '--libc=glibc', '--no-audit', '--no-fund');
  // What the script of the package `node` would install: with --ignore-scripts, and for another CPU, it doesn't.
  await call('pack', `node-linux-${cpu}@${process.versions.node}`);
  const tarball = readdirSync(folder).find((entry) => entry.endsWith('.tgz')) ?? '';
  await runLogged('tar', ['-xzf', tarball, 'package/bin/node'], { what: 'tar', cwd: folder });
  rmSync(join(folder, tarball));
}
