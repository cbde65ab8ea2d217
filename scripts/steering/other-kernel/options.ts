import { parseArgs } from 'node:util';
import { SetUpError } from '../../setup/set-up-error.mjs';

/** Debian's names, and what others call them. */
export const architectures = {
  amd64: { node: 'x64', qemu: 'x86_64', package: 'qemu-system-x86' },
  arm64: { node: 'arm64', qemu: 'aarch64', package: 'qemu-system-arm' },
} as const;

export type Architecture = keyof typeof architectures;

export interface Options {
  /** A Debian release, whose kernel is tried: `bullseye`. */
  readonly suite: string;
  readonly architecture: Architecture;
  /** Whether it is this machine's own, for which there is a worker. */
  readonly hasWorker: boolean;
  /** What is set in the guest before the tests. */
  readonly sysctls: readonly { readonly name: string; readonly value: string }[];
  /** Which tests. */
  readonly tests: readonly string[];
}

const steering = 'server/src/ports/shared-port/steering';
const testsWithoutWorker = ['ip-bytes', 'privileges', 'without-worker'].map(
  (name) => `${steering}/${name}.test.ts`,
);

/**
 * @param args - behind `try-kernel`
 * @param machine - this one's architecture, as Node names it
 * @throws SetUpError when they can't be understood
 */
export function readOptions(args: string[], machine: string): Options {
  const { values, positionals } = parse(args);
  const names = Object.keys(architectures) as Architecture[];
  const own = names.find((name) => architectures[name].node === machine);
  const architecture = names.find((name) => name === (values.arch ?? own));
  if (!architecture) {
    throw wrong(`--arch ${values.arch ?? machine}: expected ${names.join(', ')}`);
  }
  // It goes into apt's lists and into the names of folders.
  if (!/^[a-z]+$/.test(values.suite ?? '')) {
    throw wrong(`--suite ${values.suite ?? ''}: expected a Debian release, such as bullseye`);
  }
  const hasWorker = architecture === own;
  const usual = hasWorker ? [steering] : testsWithoutWorker;
  return {
    suite: values.suite ?? '',
    architecture,
    hasWorker,
    sysctls: (values.sysctl ?? []).map(readSysctl),
    tests: positionals.length > 0 ? positionals : usual,
  };
}

function readSysctl(text: string): { name: string; value: string } {
  const [, name = '', value = ''] = /^([\w.]+)=(\w+)$/.exec(text) ?? [];
  if (!name) {
    throw wrong(`--sysctl ${text}: expected NAME=VALUE`);
  }
  return { name, value };
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        suite: { type: 'string' },
        arch: { type: 'string' },
        sysctl: { type: 'string', multiple: true },
      },
    });
  } catch (error) {
    throw wrong(error instanceof Error ? error.message : String(error));
  }
}

function wrong(what: string): SetUpError {
  return new SetUpError(what, { advice: '`npm run steering` says how it is used.', exitCode: 2 });
}
