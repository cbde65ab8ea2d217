import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TestContext } from 'vitest';

/** Whose rights a program is to have; root's all when there are none of these. */
export interface Rights {
  uid: number;
  /** Ambient ones, so that they are handed on, as setpriv(1) has them: `bpf`, `cap_39`. */
  capabilities?: string[];
  /** Further ones that programs may have as their files say (capabilities(7)). */
  bounding?: string[];
}

/** Nobody's, on every Linux: the kernel's own overflowuid. */
export const nobody = 65534;

const checkout = fileURLToPath(new URL('../..', import.meta.url));
const worker = process.env.MEDIASOUP_WORKER_BIN ?? '';

/** Where restricted programs find the checkout, this Node and the worker, each in a folder of its own. */
const seen = { checkout: '/mnt/oneport', node: '/mnt/node', worker: '/mnt/worker' };
export const workerBin = join(seen.worker, basename(worker));

/**
 * The checkout may be where nobody but root gets, such as below /root. So programs run in a mount
 * namespace that has it elsewhere (mount_namespaces(7)): nothing is copied, nothing is left behind.
 */
const mounts = `mount -t tmpfs -o mode=755 none /mnt && mkdir ${Object.values(seen).join(' ')} &&
  mount --bind "$1" ${seen.checkout} && mount --bind "$2" ${seen.node} &&
  mount --bind "$3" ${seen.worker} && shift 3 && exec "$@"`;

/**
 * The command that runs a program of Node's with fewer rights. Each part of it becomes the next by
 * exec(3), so the process that is started is the program itself in the end.
 *
 * @param rights - undefined: root's, but in the mount namespace
 * @param file - a TypeScript file, relative to the checkout
 * @param node - in place of this Node: another one's file
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

/** The command that gives up all rights but these, followed by what is to be run. */
export function setpriv({ uid, capabilities = [], bounding = [] }: Rights): string[] {
  const only = (names: string[]) => ['-all', ...names.map((name) => `+${name}`)].join();
  return [
    ...['setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups'],
    ...[`--inh-caps=${only(capabilities)}`, `--ambient-caps=${only(capabilities)}`],
    `--bounding-set=${only([...capabilities, ...bounding])}`,
    // setpriv itself keeps root's capabilities up to its exec; from here on they are as said.
    'env',
  ];
}

/** For tests, in beforeEach: where no program can be run with fewer rights, says why. */
export function skipWithoutRestricting({ skip }: TestContext): void {
  if (process.platform !== 'linux') {
    skip('takes Linux');
  }
  if (process.getuid?.() !== 0) {
    skip('takes root, to give rights up');
  }
  if (!worker) {
    skip('takes MEDIASOUP_WORKER_BIN, which npm test sets');
  }
  const [program, ...args] = restricted(
    { uid: nobody, capabilities: ['bpf'] },
    'server/src/main.ts',
  );
  const { status, stderr, error } = spawnSync(program, [...args, '--help'], { encoding: 'utf8' });
  if (status !== 0) {
    skip(`no program can be run as another user: ${error ?? stderr}`);
  }
}

/** What the kernel says of a process: proc_pid_status(5). */
export function rightsOf(pid: number): { uids: number[]; groups: number[]; effective: bigint } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const field = (name: string) => new RegExp(`^${name}:(.*)$`, 'm').exec(status)?.[1]?.trim() ?? '';
  return {
    uids: [...new Set(field('Uid').split('\t').map(Number))],
    groups: field('Groups').split(' ').filter(Boolean).map(Number),
    effective: BigInt(`0x${field('CapEff')}`),
  };
}
