/** The eBPF program of shared-port: its object is in the repository, so that users need no compiler; and other kernels. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { aptInstall, hasApt } from '../setup/apt.mjs';
import { interruptible } from '../setup/children.mjs';
import { SetUpError } from '../setup/set-up-error.mjs';
import { tryKernel } from './other-kernel/try-kernel.ts';

const usage = `Usage: npm run steering -- <command>

  build   compiles server/src/ports/shared-port/steering/steer.bpf.c to steer.bpf.o
  check   says whether steer.bpf.o is what its source gives
  try-kernel --suite S [options] [tests]
          runs the tests of shared-port on the kernel of Debian's release S (bullseye, bookworm, trixie), emulated
    --arch A              amd64 or arm64, in place of this machine's; then without those that take a worker
    --sysctl NAME=VALUE   set before, such as kernel.unprivileged_bpf_disabled=0; may be repeated

build and check take clang 14 and libbpf's headers, which they install on Debian as root. Another clang gives another
object: commit what Debian 12's has made. try-kernel takes Debian, installs qemu and cpio as root, and downloads the
kernel and its programs into our cache; it takes 3 GB of memory and a quarter of an hour.
`;

const folder = fileURLToPath(
  new URL('../../server/src/ports/shared-port/steering/', import.meta.url),
);
const source = join(folder, 'steer.bpf.c');
const object = join(folder, 'steer.bpf.o');

/** Debian 12's. */
const clangMajor = 14;

const [command, ...others] = process.argv.slice(2);

try {
  if (others.length > 0 && command !== 'try-kernel') {
    throw new SetUpError(`unknown argument: ${others[0]}`);
  }
  switch (command) {
    case 'build':
      await withCompiled((compiled) => copyFileSync(compiled, object));
      console.log(`${object} is made anew`);
      break;
    case 'check':
      await check();
      break;
    case 'try-kernel':
      process.exitCode = await interruptible(() => tryKernel(others));
      break;
    case undefined:
    case '--help':
      console.log(usage);
      break;
    default:
      throw new SetUpError(`unknown command: ${command}\n\n${usage}`);
  }
} catch (error) {
  if (!(error instanceof SetUpError)) {
    throw error;
  }
  process.stderr.write(`oneport: ${error.message}\n`);
  process.exitCode = error.exitCode;
}

async function check(): Promise<void> {
  const compiler = await getClang();
  if (compiler.major !== clangMajor) {
    // The same source, another compiler: that the bytes differ says nothing.
    console.log(
      `steer.bpf.o: not compared, since clang is ${compiler.major} and not ${clangMajor}`,
    );
    return;
  }
  await withCompiled((compiled) => {
    if (readFileSync(compiled).equals(readFileSync(object))) {
      console.log('steer.bpf.o is what steer.bpf.c gives');
      return;
    }
    throw new SetUpError(
      'steer.bpf.o is not what steer.bpf.c gives: `npm run steering -- build`, and commit both',
    );
  });
}

async function withCompiled(use: (file: string) => void): Promise<void> {
  const { program } = await getClang();
  const temporary = mkdtempSync(join(tmpdir(), 'oneport-steering-'));
  try {
    const compiled = join(temporary, 'steer.bpf.o');
    const flags = ['-O2', '-g0', '-Wall', '-Wextra', '-Werror', '-target', 'bpf'];
    // For <asm/types.h>, which Debian has in a folder for each architecture.
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
    throw new SetUpError(`${source} can't be compiled: ${(error as Error).message}`);
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
    throw new SetUpError('clang and the headers of libbpf are needed, from your distribution');
  }
}
