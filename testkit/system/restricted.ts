import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TestContext } from 'vitest';

/** The privileges of a program. */
export interface Rights {
  uid: number;
  /** Ambient capabilities, which child processes inherit, as setpriv(1) names them: `bpf`, `cap_39`. */
  capabilities?: string[];
  /** Further capabilities of the bounding set, which programs may get from their files (capabilities(7)). */
  bounding?: string[];
}

/** The id of the unprivileged user on every Linux: the kernel's overflowuid. */
export const nobody = 65534;

const checkout = fileURLToPath(new URL('../..', import.meta.url));
const worker = process.env.MEDIASOUP_WORKER_BIN ?? '';

/** The paths of the checkout, Node and the worker for restricted programs. */
const seen = { checkout: '/mnt/oneport', node: '/mnt/node', worker: '/mnt/worker' };
export const workerBin = join(seen.worker, basename(worker));

/**
 * Other users may have no access to the checkout, for example below /root. So programs run in a mount
 * namespace that has it elsewhere (mount_namespaces(7)), without copies.
 */
const mounts = `mount -t tmpfs -o mode=755 none /mnt && mkdir ${Object.values(seen).join(' ')} &&
  mount --bind "$1" ${seen.checkout} && mount --bind "$2" ${seen.node} &&
  mount --bind "$3" ${seen.worker} && shift 3 && exec "$@"`;

/**
 * The command that runs a TypeScript file with reduced privileges. Each part replaces itself by the next
 * with exec(3), so the started process becomes the program itself.
 *
 * @param rights - undefined: those of root, in the mount namespace
 * @param file - a TypeScript file, relative to the checkout
 * @param node - the Node to run it
 */
export function restricted(
  rights: Rights | undefined,
  file: string,
  node = process.execPath,
): [string, ...string[]] {
  const folders = [checkout, dirname(node), dirname(worker)];
  return [
    ...(['unshare', '--mount', 'sh', '-c', mounts, 'sh', ...folders] as const),
    ...(rights ? setpriv(rights) : []),
    join(seen.node, basename(node)),
    join(seen.checkout, file),
  ];
}

/** The beginning of a command that gives up all other privileges. */
export function setpriv({ uid, capabilities = [], bounding = [] }: Rights): string[] {
  const only = (names: string[]) => ['-all', ...names.map((name) => `+${name}`)].join();
  return [
    ...['setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups'],
    ...[`--inh-caps=${only(capabilities)}`, `--ambient-caps=${only(capabilities)}`],
    `--bounding-set=${only([...capabilities, ...bounding])}`,
    // setpriv itself keeps root's capabilities until it executes env.
    'env',
  ];
}

/** For beforeEach: skips the test, with a reason, where privileges cannot be reduced. */
export function skipWithoutRestricting({ skip }: TestContext): void {
  if (process.platform !== 'linux') {
    skip('needs Linux');
  }
  if (process.getuid?.() !== 0) {
    skip('needs root, to give up privileges');
  }
  if (!worker) {
    skip('needs MEDIASOUP_WORKER_BIN, which npm test sets');
  }
  const [program, ...args] = restricted(
    { uid: nobody, capabilities: ['bpf'] },
    'server/src/main.ts',
  );
  const { status, stderr, error } = spawnSync(program, [...args, '--help'], { encoding: 'utf8' });
  if (status !== 0) {
    skip(`cannot run a program as another user: ${error ?? stderr}`);
  }
}

/** The privileges of a process (proc_pid_status(5)). */
export function rightsOf(pid: number): { uids: number[]; groups: number[]; effective: bigint } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const field = (name: string) => new RegExp(`^${name}:(.*)$`, 'm').exec(status)?.[1]?.trim() ?? '';
  return {
    uids: [...new Set(field('Uid').split('\t').map(Number))],
    groups: field('Groups').split(' ').filter(Boolean).map(Number),
    effective: BigInt(`0x${field('CapEff')}`),
  };
}
