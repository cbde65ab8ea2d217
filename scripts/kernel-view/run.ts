import { execFileSync } from 'node:child_process';

/** Debian has ss, bpftool and ip there, which isn't in everybody's PATH. */
const PATH = `${process.env.PATH}:/usr/sbin:/sbin`;

/** What a program prints. @throws Error when it fails, with what it said */
export function run(program: string, ...args: string[]): string {
  return execFileSync(program, args, {
    encoding: 'utf8',
    env: { ...process.env, PATH, LC_ALL: 'C' },
    stdio: ['ignore', 'pipe', 'pipe'],
    // bpftool tells each of the 65,536 places for a transport, taken or not.
    maxBuffer: 64 * 1024 * 1024,
  });
}
