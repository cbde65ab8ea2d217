import type { Options } from './options.ts';

/** Where the guest has the checkout and the worker. */
export const inGuest = { checkout: '/oneport', worker: '/worker' };

/** What the guest prints last. */
const mark = 'oneport-guest: exit code';

/** Emulation takes ten times as long as the machine itself, or more. */
const patience = ['--testTimeout', '180000', '--hookTimeout', '180000', '--no-file-parallelism'];

/**
 * The first process of the guest: makes what the tests take, runs them, and switches off.
 *
 * Before Linux 5.11 the tables are locked memory, and a service would be given it (LimitMEMLOCK).
 *
 * @returns a script for bash(1)
 */
export function guestInit({ sysctls, tests }: Pick<Options, 'sysctls' | 'tests'>): string {
  const settings = sysctls.map(
    ({ name, value }) => `echo ${value} > /proc/sys/${name.replaceAll('.', '/')}`,
  );
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
cd ${inGuest.checkout}
export MEDIASOUP_LISTEN_IP=127.0.0.1 MEDIASOUP_WORKER_BIN=${inGuest.worker}/mediasoup-worker
node node_modules/vitest/vitest.mjs run --project unit --reporter=verbose \\
  ${[...patience, ...tests.map(quoted)].join(' ')}
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
 * @param console - what the guest has printed
 * @returns the tests' exit code; undefined when it didn't come so far
 */
export function exitCodeIn(console: string): number | undefined {
  const [, code] = new RegExp(`^${mark} (\\d+)\\r?$`, 'm').exec(console) ?? [];
  return code === undefined ? undefined : Number(code);
}
