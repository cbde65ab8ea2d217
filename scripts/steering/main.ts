import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runCli } from '../cli.ts';
import { aptInstall, hasApt } from '../setup/apt.mjs';
import { interruptible } from '../setup/children.mjs';
import { SetUpError } from '../setup/set-up-error.mjs';
import { readOptions, tryKernel, tryKernelOptions } from './try-kernel.ts';

const usage = `Usage: npm run steering -- <command>

  build   compile steer.bpf.c, shared-port's eBPF program, to steer.bpf.o
  check   fail unless steer.bpf.o is what steer.bpf.c compiles to
  try-kernel --suite S [options] [tests]
          run the tests of shared-port on an emulated machine with the kernel of Debian's release S (bullseye,
          bookworm, trixie)
    --arch A              amd64 or arm64. Default: this machine's; another one skips the tests that need a worker
    --sysctl NAME=VALUE   set this first, such as kernel.unprivileged_bpf_disabled=0; may be repeated

build and check need clang 14 and libbpf's headers, which they install on Debian as root. The object is in the
repository, so that users need no compiler. Another clang produces another object: commit the one that Debian 12's
clang produces. try-kernel needs Debian. As root it installs qemu and cpio; it downloads the kernel and its programs
into our cache, needs 3 GB of memory, and takes a quarter of an hour.
`;

const folder = fileURLToPath(
  new URL('../../server/src/ports/shared-port/steering/', import.meta.url),
);
const source = join(folder, 'steer.bpf.c');
const object = join(folder, 'steer.bpf.o');

/** Of Debian 12. */
const clangMajor = 14;

await runCli({
  name: 'steering',
  usage,
  commands: {
    build: {
      options: {},
      async run() {
        await withCompiled((compiled) => copyFileSync(compiled, object));
        console.log(`compiled ${object}`);
        return 0;
      },
    },
    check: {
      options: {},
      async run() {
        await check();
        return 0;
      },
    },
    'try-kernel': {
      options: tryKernelOptions,
      positionals: Number.POSITIVE_INFINITY,
      run: (values, tests) => interruptible(() => tryKernel(readOptions(values, tests))),
    },
  },
});

async function check(): Promise<void> {
  const compiler = await getClang();
  if (compiler.major !== clangMajor) {
    // Different compilers produce different bytes from the same source.
    console.log(`steer.bpf.o: not compared, because clang is ${compiler.major}, not ${clangMajor}`);
    return;
  }
  await withCompiled((compiled) => {
    if (readFileSync(compiled).equals(readFileSync(object))) {
      console.log('steer.bpf.o matches steer.bpf.c');
      return;
    }
    throw new SetUpError(
      'steer.bpf.o does not match steer.bpf.c. Run `npm run steering -- build` and commit both.',
    );
  });
}

async function withCompiled(use: (file: string) => void): Promise<void> {
  const { program } = await getClang();
  const temporary = mkdtempSync(join(tmpdir(), 'oneport-steering-'));
  try {
    const compiled = join(temporary, 'steer.bpf.o');
    const flags = ['-O2', '-g0', '-Wall', '-Wextra', '-Werror', '-target', 'bpf'];
    // Debian has <asm/types.h> in a folder for each architecture.
    const machine = process.arch === 'arm64' ? 'aarch64' : 'x86_64';
    const includes = [`-I/usr/include/${machine}-linux-gnu`];
    execFileSync(program, [...flags, ...includes, '-c', 'steer.bpf.c', '-o', compiled], {
      cwd: folder,
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    use(compiled);
  } catch (error) {
    if (error instanceof SetUpError) {
      throw error;
    }
    throw new SetUpError(`${source}: compilation failed: ${(error as Error).message}`);
  } finally {
    rmSync(temporary, { recursive: true });
  }
}

async function getClang(): Promise<{ program: string; major: number }> {
  if (hasApt()) {
    await aptInstall(['clang', 'libbpf-dev'], "to compile shared-port's eBPF program");
  }
  const program = process.env.CLANG ?? 'clang';
  try {
    const version = execFileSync(program, ['--version'], { encoding: 'utf8' });
    return { program, major: Number(/version (\d+)/.exec(version)?.[1]) };
  } catch {
    throw new SetUpError(`${program} does not run. Install clang and the headers of libbpf.`);
  }
}
