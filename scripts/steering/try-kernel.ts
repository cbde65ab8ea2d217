import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UsageError, type Values } from '../cli.ts';
import { type PrivateApt, withPrivateApt } from '../debian/private-apt.ts';
import { aptInstall, hasApt, operatingSystem } from '../setup/apt.mjs';
import { cachedFolder } from '../setup/cached-folder.mjs';
import { bundledNode, root } from '../setup/paths.mjs';
import { runLogged, runNpm } from '../setup/run-logged.mjs';
import { SetUpError } from '../setup/set-up-error.mjs';
import { say, step } from '../setup/step.mjs';
import { bootGuest, type GuestParts, type GuestRun, makeInitramfs } from './guest.ts';

/** Debian's names of architectures, with Node's, qemu's and the package of that qemu. */
const architectures = {
  amd64: { node: 'x64', qemu: 'x86_64', package: 'qemu-system-x86' },
  arm64: { node: 'arm64', qemu: 'aarch64', package: 'qemu-system-arm' },
} as const;

interface Options extends GuestRun {
  /** The Debian release whose kernel is tried: `bullseye`. */
  readonly suite: string;
  readonly architecture: keyof typeof architectures;
  /** Whether it is this machine's own architecture: there is a worker only for that one. */
  readonly hasWorker: boolean;
}

const steering = 'server/src/ports/shared-port/steering';
const testsWithoutWorker = [
  'server/src/net/ip.test.ts',
  `${steering}/privileges.test.ts`,
  `${steering}/without-worker.test.ts`,
];

/** Packages of the guest: what the tests, Node and the worker require. apt adds their dependencies. */
const userland = [
  ...['base-files', 'base-passwd', 'bash', 'coreutils', 'dash', 'iproute2', 'libc-bin'],
  ...['libcap2-bin', 'libstdc++6', 'mount', 'util-linux'],
];

/** The options of `try-kernel` for `runCli`. */
export const tryKernelOptions = {
  suite: { type: 'string', default: '' },
  arch: { type: 'string' },
  sysctl: { type: 'string', multiple: true },
} as const;

/**
 * Checks the options of `try-kernel` and fills in the defaults.
 *
 * @param tests - names of tests; empty for the usual ones
 * @param machine - the architecture of this machine, as Node names it
 * @throws UsageError
 */
export function readOptions(
  { suite, arch, sysctl = [] }: Values<typeof tryKernelOptions>,
  tests: readonly string[],
  machine: string = process.arch,
): Options {
  const names = Object.keys(architectures) as (keyof typeof architectures)[];
  const own = names.find((name) => architectures[name].node === machine);
  const architecture = names.find((name) => name === (arch ?? own));
  if (!architecture) {
    throw new UsageError(`--arch ${arch ?? machine}: expected ${names.join(', ')}`);
  }
  // It becomes part of apt's lists and of the names of folders.
  if (!/^[a-z]+$/.test(suite)) {
    throw new UsageError(`--suite ${suite}: expected a Debian release, such as bullseye`);
  }
  const hasWorker = architecture === own;
  const usual = hasWorker ? [steering] : testsWithoutWorker;
  return {
    suite,
    architecture,
    hasWorker,
    sysctls: sysctl.map(readSysctl),
    tests: tests.length > 0 ? tests : usual,
  };
}

function readSysctl(text: string): { name: string; value: string } {
  const [, name = '', value = ''] = /^([\w.]+)=(\w+)$/.exec(text) ?? [];
  if (!name) {
    throw new UsageError(`--sysctl ${text}: expected NAME=VALUE`);
  }
  return { name, value };
}

/**
 * Runs the tests of shared-port on the kernel of another Debian release, or of another architecture, in an emulated
 * machine.
 *
 * @returns the tests' exit code
 * @throws SetUpError when something is missing, or the tests do not finish
 */
export async function tryKernel(options: Options): Promise<number> {
  const { architecture, hasWorker, suite } = options;
  if (!hasApt() || operatingSystem().id !== 'debian') {
    throw new SetUpError('try-kernel needs Debian: apt provides kernels and programs');
  }
  await aptInstall([architectures[architecture].package, 'cpio'], 'to boot another kernel');
  if (!hasWorker) {
    say(`there is no worker for ${architecture} here: tests that need one are left out`);
  }
  const kernel = await getKernel(options);
  const parts: GuestParts = {
    userland: await getUserland(options),
    worker: hasWorker ? process.env.MEDIASOUP_WORKER_BIN : undefined,
    ...(await getModules(options)),
  };
  const folder = mkdtempSync(join(tmpdir(), 'oneport-kernel-'));
  try {
    const initramfs = await makeInitramfs(folder, parts, options);
    const code = await bootGuest(architectures[architecture].qemu, kernel, initramfs);
    if (code === undefined) {
      throw new SetUpError(`the tests on ${suite}'s kernel did not finish`);
    }
    return code;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @returns the path of the release's kernel, which qemu boots */
async function getKernel({ suite, architecture }: Options): Promise<string> {
  const image = `linux-image-${architecture}`;
  const folder = await packages('kernel', suite, architecture, async (apt) => {
    // A package without content that depends on the newest version's.
    const [, newest] =
      /^Depends: (linux-image-\S+)/m.exec(
        await apt.run('apt-cache', 'show', '--no-all-versions', image),
      ) ?? [];
    if (!newest) {
      throw new SetUpError(`${image} of ${suite} depends on no kernel`);
    }
    await apt.download([newest]);
  });
  const file = readdirSync(join(folder, 'boot')).find((entry) => entry.startsWith('vmlinuz-'));
  if (!file) {
    throw new SetUpError(`no kernel in ${folder}`);
  }
  return join(folder, 'boot', file);
}

/** @returns a folder with this machine's own release, because the worker is linked with its libraries */
function getUserland({ architecture }: Options): Promise<string> {
  return packages('userland', operatingSystem().codename, architecture, async (apt) => {
    const only = ['--yes', '--download-only', '--no-install-recommends'];
    await apt.run('apt-get', 'install', ...only, ...userland);
  });
}

function packages(
  what: string,
  suite: string,
  architecture: string,
  download: (apt: PrivateApt) => Promise<void>,
): Promise<string> {
  const name = `${what}-${suite}-${architecture}`;
  return cachedFolder(`other-kernels/${name}`, (temporary) =>
    step(name, 'downloading Debian packages', () =>
      withPrivateApt({ suite, architecture }, async (apt) => {
        await download(apt);
        await apt.unpack(temporary);
      }),
    ),
  );
}

/** Node and node_modules: the checkout's own, or those of another architecture, which npm brings to our cache. */
async function getModules({
  architecture,
  hasWorker,
}: Options): Promise<Pick<GuestParts, 'node' | 'modules'>> {
  if (hasWorker) {
    return { node: bundledNode(), modules: join(root, 'node_modules') };
  }
  const cpu = architectures[architecture].node;
  const lock = createHash('sha256').update(readFileSync(join(root, 'package-lock.json')));
  const hash = lock.digest('hex').slice(0, 16);
  const folder = await cachedFolder(`other-kernels/modules-${cpu}-${hash}`, (temporary) =>
    step('node_modules', `npm ci for ${cpu}`, () => installModules(temporary, cpu)),
  );
  return { node: join(folder, 'package/bin/node'), modules: join(folder, 'node_modules') };
}

async function installModules(folder: string, cpu: string): Promise<void> {
  const { workspaces } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  copyFileSync(join(root, 'package-lock.json'), join(folder, 'package-lock.json'));
  for (const workspace of ['.', ...workspaces]) {
    mkdirSync(join(folder, workspace), { recursive: true });
    copyFileSync(join(root, workspace, 'package.json'), join(folder, workspace, 'package.json'));
  }
  const npm = (...args: string[]) =>
    runNpm([...args, '--ignore-scripts'], { what: `npm ${args[0]} for ${cpu}`, cwd: folder });
  await npm('ci', `--cpu=${cpu}`, '--os=linux', '--libc=glibc', '--no-audit', '--no-fund');
  // The package that the install script of `node` would fetch.
  await npm('pack', `node-linux-${cpu}@${process.versions.node}`);
  const tarball = readdirSync(folder).find((entry) => entry.endsWith('.tgz')) ?? '';
  await runLogged('tar', ['-xzf', tarball, 'package/bin/node'], { what: 'tar', cwd: folder });
  rmSync(join(folder, tarball));
}
