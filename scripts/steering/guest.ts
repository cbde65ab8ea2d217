import { spawn } from 'node:child_process';
import { once } from 'node:events';
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
import { track } from '../setup/children.mjs';
import { root } from '../setup/paths.mjs';
import { runLogged } from '../setup/run-logged.mjs';

/** The work of the guest. */
export interface GuestRun {
  /** Set in the guest before the tests. */
  readonly sysctls: readonly { readonly name: string; readonly value: string }[];
  readonly tests: readonly string[];
}

/** The paths of what the guest consists of. */
export interface GuestParts {
  readonly userland: string;
  readonly node: string;
  /** A `node_modules` folder. */
  readonly modules: string;
  /** The worker, if there is one for the guest; it comes with the folder that contains it. */
  readonly worker: string | undefined;
}

/** The files of the checkout that the tests and the server read. */
const copied = [
  'package.json',
  'vitest.config.ts',
  'protocol',
  'server',
  'testkit',
  'scripts',
  'docs',
  'app',
];
/** Packages that are large and not needed in the guest, which has all files in its memory. */
const leftOut = ['node', '@biomejs', '@typescript', 'playwright-core', 'puppeteer-core'];

const megabytes = 3_072;
const longestMs = 60 * 60_000;
/** Emulation is at least ten times as slow as the machine itself. */
const timeouts = ['--testTimeout', '180000', '--hookTimeout', '180000', '--no-file-parallelism'];
/** The last line that the guest prints, without the code. */
const mark = 'oneport-guest: exit code';

const machines = {
  x86_64: { machine: 'q35', cpu: 'max', console: 'ttyS0' },
  // The emulator's own way to authenticate pointers: the architecture's is slow to emulate.
  aarch64: { machine: 'virt', cpu: 'max,pauth-impdef=on', console: 'ttyAMA0' },
};

/**
 * The first process of the guest: prepares the system, runs the tests, and switches off.
 *
 * @returns a script for bash(1)
 */
export function guestInit({ sysctls, tests }: GuestRun): string {
  const settings = sysctls.map(
    ({ name, value }) => `echo ${value} > /proc/sys/${name.replaceAll('.', '/')}`,
  );
  // Before Linux 5.11 eBPF maps are locked memory, which a service gets by LimitMEMLOCK: `ulimit -l`.
  return `#!/bin/bash
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root NO_COLOR=1 CI=1
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mkdir -p /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
mount -t tmpfs tmpfs /dev/shm
exec </dev/console >/dev/console 2>&1
ip link set lo up
ulimit -n 65536
ulimit -l unlimited
${settings.join('\n')}
uname -srvm
cd /oneport
export MEDIASOUP_LISTEN_IP=127.0.0.1 MEDIASOUP_WORKER_BIN=/worker/mediasoup-worker
node node_modules/vitest/vitest.mjs run --project server --reporter=verbose \\
  ${[...timeouts, ...tests.map(quoted)].join(' ')}
code=$?
echo
echo "${mark} $code"
echo o > /proc/sysrq-trigger
sleep 60
`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/**
 * @param printed - the guest's output
 * @returns the tests' exit code; undefined when they did not finish
 */
export function exitCodeIn(printed: string): number | undefined {
  const [, code] = new RegExp(`^${mark} (\\d+)\\r?$`, 'm').exec(printed) ?? [];
  return code === undefined ? undefined : Number(code);
}

/**
 * Puts all files of the guest into one archive, which its kernel unpacks into memory: no disk or driver is needed.
 *
 * @param folder - an empty folder to work in
 * @returns the archive's path
 */
export async function makeInitramfs(
  folder: string,
  { userland, node, modules, worker }: GuestParts,
  run: GuestRun,
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
    copy(join(root, name), join('oneport', name));
  }
  copy(modules, 'oneport/node_modules', (path) => {
    const [top = ''] = relative(modules, path).split(sep);
    return !leftOut.includes(top);
  });
  // The checkout's, to which our patches are applied.
  copy(join(root, 'node_modules/mediasoup'), 'oneport/node_modules/mediasoup');
  copyFileSync(node, join(guest, 'usr/bin/node'));
  for (const name of ['worker', 'proc', 'sys', 'dev', 'mnt', 'root', 'run', 'tmp']) {
    mkdirSync(join(guest, name), { recursive: true });
  }
  if (worker) {
    copy(dirname(worker), 'worker');
    copyFileSync(worker, join(guest, 'worker/mediasoup-worker'));
  }
  chmodSync(join(guest, 'tmp'), 0o1777);
  writeFileSync(join(guest, 'init'), guestInit(run), { mode: 0o755 });
  return await archive(guest, join(folder, 'initramfs.cpio'));
}

/** As on an installed Debian: in some releases packages have programs in /bin that belong into /usr/bin. */
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
  // The folder's mode becomes that of the guest's root.
  chmodSync(guest, 0o755);
  const command =
    'find . -print0 | cpio --null --create --format=newc --owner=+0:+0 --quiet > "$1"';
  await runLogged('sh', ['-c', command, 'sh', file], { what: 'cpio', cwd: guest });
  return file;
}

/**
 * Boots a kernel in an emulator, without network and disk, and shows what it prints.
 *
 * @param kernel - its file
 * @param initramfs - an archive of `makeInitramfs`
 * @returns the exit code of the guest's tests; undefined when they do not finish within an hour
 */
export async function bootGuest(
  architecture: keyof typeof machines,
  kernel: string,
  initramfs: string,
): Promise<number | undefined> {
  const { machine, cpu, console } = machines[architecture];
  const args = [
    ...['-accel', 'tcg,thread=multi', '-machine', machine, '-cpu', cpu, '-smp', '2'],
    ...['-m', String(megabytes), '-nic', 'none', '-display', 'none', '-monitor', 'none'],
    ...['-serial', 'stdio', '-no-reboot', '-kernel', kernel, '-initrd', initramfs],
    ...['-append', `console=${console} panic=-1 quiet`],
  ];
  const qemu = track(
    spawn(`qemu-system-${architecture}`, args, {
      stdio: ['ignore', 'pipe', 'inherit'],
      timeout: longestMs,
      killSignal: 'SIGKILL',
    }),
  );
  let printed = '';
  qemu.stdout.setEncoding('utf8').on('data', (text) => {
    printed += text;
    process.stdout.write(text);
  });
  await once(qemu, 'close');
  return exitCodeIn(printed);
}
