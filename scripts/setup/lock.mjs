import { createHash } from 'node:crypto';
import {
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { cacheFolder } from './paths.mjs';
import { say } from './step.mjs';

const pollMs = 200;
const breakingMayTakeMs = 10_000;

/** @type {Set<string>} */
const heldHere = new Set();

/**
 * Runs work that only one process of this machine may do at a time. The others wait, and say for whom.
 *
 * A lock is a file that says who holds it. It outlives a holder that was killed, so whoever finds it asks
 * whether that very process still runs. The file is made elsewhere and linked to its name: it appears whole
 * or not at all.
 *
 * @template T
 * @param {string} subject What is locked, such as a path; processes that name the same exclude each other.
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withLock(subject, work) {
  const folder = join(cacheFolder(), 'locks');
  const file = join(
    folder,
    `${createHash('sha256').update(subject).digest('hex').slice(0, 24)}.lock`,
  );
  let told = false;

  mkdirSync(folder, { recursive: true });

  while (!take(file)) {
    const holder = read(file);

    if (holder && !isRunning(holder)) {
      breakLock(file);
      continue;
    }
    if (holder && !told) {
      const { pid } = [holder, ...holder.children].find(isAlive) ?? holder;

      told = true;
      say(
        `waiting for process ${pid} on ${holder.host}, another oneport's, that sets up ${subject}`,
      );
    }
    await sleep(pollMs);
  }

  const release = () => {
    heldHere.delete(file);
    rmSync(file, { force: true });
  };

  heldHere.add(file);
  process.once('exit', release);
  try {
    return await work();
  } finally {
    process.off('exit', release);
    release();
  }
}

/**
 * Adds a child process to the locks that this process holds. If this process is killed and leaves the child
 * at work, the locks stay in force until the child is done.
 *
 * @param {number} pid
 */
export function noteProcess(pid) {
  for (const file of heldHere) {
    const holder = read(file);

    if (holder) {
      holder.children = [
        ...holder.children.filter(isAlive),
        { pid, startedAt: statOf(pid).startedAt },
      ];
      writeFileSync(`${file}.${process.pid}`, JSON.stringify(holder));
      renameSync(`${file}.${process.pid}`, file);
    }
  }
}

/**
 * @typedef {{ pid: number, startedAt: string }} Process
 * @typedef {Process & { host: string, children: Process[] }} Holder
 */

/**
 * @param {string} file
 * @returns {boolean} False when somebody holds it.
 */
function take(file) {
  const mine = join(dirname(file), `.${process.pid}-${Math.random().toString(36).slice(2)}`);
  /** @type {Holder} */
  const holder = {
    pid: process.pid,
    startedAt: statOf(process.pid).startedAt,
    host: hostname(),
    children: [],
  };

  writeFileSync(mine, JSON.stringify(holder));
  try {
    linkSync(mine, file);

    return true;
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'EEXIST') {
      return false;
    }
    throw error;
  } finally {
    unlinkSync(mine);
  }
}

/**
 * @param {string} file
 * @returns {Holder | undefined} Undefined when it was released meanwhile.
 */
function read(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

/**
 * @param {Holder} holder
 * @returns {boolean} Whether it, or what it started, may still be at work.
 */
function isRunning(holder) {
  return holder.host !== hostname() || [holder, ...holder.children].some(isAlive);
}

/**
 * @param {Process} noted
 * @returns {boolean}
 */
function isAlive(noted) {
  try {
    process.kill(noted.pid, 0);
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'ESRCH') {
      return false;
    }
  }

  const { state, startedAt } = statOf(noted.pid);

  // Z: it has ended, and nobody has asked yet how.
  return state !== 'Z' && startedAt === noted.startedAt;
}

/**
 * When a process began, since its number may be another's by now, and its state. Only Linux tells without a
 * subprocess: elsewhere both are empty.
 *
 * @param {number} pid
 * @returns {{ state: string, startedAt: string }} startedAt: in ticks since the machine started.
 */
function statOf(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The command's name, in brackets, may hold spaces; what follows it doesn't.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');

    return { state: fields[0] ?? '', startedAt: fields[19] ?? '' };
  } catch {
    return { state: '', startedAt: '' };
  }
}

/**
 * Removes a dead process's lock. Of several that find it at once only one may, or a slower one would
 * remove the lock that a faster one has just taken.
 *
 * @param {string} file
 */
function breakLock(file) {
  const guard = `${file}.breaking`;

  if (!take(guard)) {
    try {
      if (Date.now() - statSync(guard).mtimeMs > breakingMayTakeMs) {
        rmSync(guard, { force: true });
      }
    } catch {
      // Released meanwhile.
    }

    return;
  }
  try {
    const holder = read(file);

    if (holder && !isRunning(holder)) {
      rmSync(file, { force: true });
    }
  } finally {
    rmSync(guard, { force: true });
  }
}
