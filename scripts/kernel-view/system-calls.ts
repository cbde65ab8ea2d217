import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Which system calls a process makes while something is done, counted by strace(1).
 *
 * @param pid - the process
 * @param options - of strace's, beside those for counting
 * @param work - what is done meanwhile
 * @returns strace's summary: calls, errors, name
 */
export async function countSystemCalls(
  pid: number,
  options: string[],
  work: () => Promise<void>,
): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'oneport-strace-'));
  try {
    const file = join(folder, 'summary');
    const args = ['-f', '-c', '-U', 'name,calls,errors', '-S', 'name', '-o', file, ...options];
    const strace = spawn('strace', [...args, '-p', String(pid)], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const exit = once(strace, 'exit');
    await attached(strace.stderr, exit);
    await work();
    strace.kill('SIGINT');
    await exit;
    return readFileSync(file, 'utf8').trimEnd();
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** strace says `Process 1 attached`, or why it can't, and then ends. */
async function attached(stderr: NodeJS.ReadableStream, exit: Promise<unknown>): Promise<void> {
  let said = '';
  await new Promise<void>((resolve, reject) => {
    stderr.on('data', (text) => {
      said += String(text);
      if (said.includes('attached')) {
        resolve();
      }
    });
    void exit.then(() => reject(new Error(`strace ended: ${said}`)));
  });
}
