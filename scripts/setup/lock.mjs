import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { makeCacheFolder } from './cache-folder.mjs';
import { SetUpError } from './set-up-error.mjs';
import { say } from './step.mjs';

/** flock(1) is everywhere on Linux. macOS has flock(2) in perl; `$^F` keeps the file open across exec. */
const [flock, ...flockArgs] =
  process.platform === 'linux'
    ? ['flock']
    : ['perl', '-e', '$^F = 9; open F, ">>", shift; flock F, 2; exec @ARGV'];
/** Longer than a busy machine takes to start `flock`. */
const patienceMs = 2000;

/**
 * For the `stdio` of child processes: one pipe for each lock that this process holds. A child that has it keeps the
 * lock if this process is killed and leaves the child at work.
 *
 * @type {Set<import('node:stream').Writable>}
 */
export const heldLocks = new Set();

/**
 * Runs work that only one process of this machine may do at a time. Other processes wait and say so.
 *
 * The kernel holds the lock (flock(2)) for a `cat` that ends when its standard input does: when the work is done, or
 * when this process and the children that have `heldLocks` are gone, however they ended.
 *
 * @template T
 * @param {string} subject - what is locked, such as a path; calls with the same subject exclude each other
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 * @throws {SetUpError} when the lock cannot be taken
 */
export async function withLock(subject, work) {
  const folder = makeCacheFolder('locks');
  const name = createHash('sha256').update(subject).digest('hex').slice(0, 24);
  const file = join(folder, `${name}.lock`);
  // Detached: Ctrl-C in a terminal must not end it before our children.
  const holder = spawn(flock, [...flockArgs, file, 'cat'], { detached: true });
  const waiting = setTimeout(
    () => say(`waiting for another oneport, which sets up ${subject}`),
    patienceMs,
  );
  try {
    await echoFrom(holder);
  } finally {
    clearTimeout(waiting);
  }
  heldLocks.add(holder.stdin);
  try {
    return await work();
  } finally {
    heldLocks.delete(holder.stdin);
    holder.stdin.end();
  }
}

/**
 * Waits until `cat` runs, which is when the lock is taken. From then on it does not keep this process alive.
 *
 * @param {import('node:child_process').ChildProcessWithoutNullStreams} holder
 */
async function echoFrom(holder) {
  let stderr = '';
  holder.stderr.on('data', (text) => {
    stderr += text;
  });
  await new Promise((taken, fail) => {
    holder.once('error', ({ message }) => fail(new SetUpError(`${flock}: ${message}`)));
    holder.once('close', () => fail(new SetUpError(`${flock} failed: ${stderr.trim()}`)));
    holder.stdin.on('error', () => {});
    holder.stdout.once('data', taken);
    holder.stdin.write('\n');
  });
  holder.stdout.destroy();
  holder.stderr.destroy();
  holder.unref();
}
