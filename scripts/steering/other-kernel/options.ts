import { UsageError, type Values } from '../../cli.ts';

/** Debian's names, and what others call them. */
export const architectures = {
  amd64: { node: 'x64', qemu: 'x86_64', package: 'qemu-system-x86' },
  arm64: { node: 'arm64', qemu: 'aarch64', package: 'qemu-system-arm' },
} as const;

export type Architecture = keyof typeof architectures;

export interface Options {
  /** The Debian release whose kernel is tried: `bullseye`. */
  readonly suite: string;
  readonly architecture: Architecture;
  /** Whether it is this machine's own architecture: only for that one is there a worker. */
  readonly hasWorker: boolean;
  /** Set in the guest before the tests run. */
  readonly sysctls: readonly { readonly name: string; readonly value: string }[];
  readonly tests: readonly string[];
}

const steering = 'server/src/ports/shared-port/steering';
const testsWithoutWorker = ['ip-bytes', 'privileges', 'without-worker'].map(
  (name) => `${steering}/${name}.test.ts`,
);

/** What `runCli` parses for `try-kernel`. */
export const tryKernelOptions = {
  suite: { type: 'string', default: '' },
  arch: { type: 'string' },
  sysctl: { type: 'string', multiple: true },
} as const;

/**
 * Checks the options of `try-kernel` and fills in what was not given.
 *
 * @param tests - names of tests; none for the usual ones
 * @param machine - the architecture of this machine, as Node names it
 * @throws UsageError
 */
export function readOptions(
  { suite, arch, sysctl = [] }: Values<typeof tryKernelOptions>,
  tests: readonly string[],
  machine: string = process.arch,
): Options {
  const names = Object.keys(architectures) as Architecture[];
  const own = names.find((name) => architectures[name].node === machine);
  const architecture = names.find((name) => name === (arch ?? own));
  if (!architecture) {
    throw new UsageError(`--arch ${arch ?? machine}: expected ${names.join(', ')}`);
  }
  // It goes into apt's lists and into the names of folders.
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
