import { noteProcess } from './lock.mjs';
import { watchParent } from './parent.mjs';

const signals = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']);
const patienceMs = 5000;

/** @type {Set<import('node:child_process').ChildProcess>} */
const running = new Set();

/**
 * Notes a child process of the set-up: it ends when we are told to end, and if we are killed outright, the
 * lock that we hold stays in force until the child is gone too.
 *
 * @template {import('node:child_process').ChildProcess} Child
 * @param {Child} child
 * @returns {Child}
 */
export function track(child) {
  running.add(child);
  child.once('close', () => running.delete(child));
  if (child.pid) {
    noteProcess(child.pid);
  }

  return child;
}

/**
 * Does work that starts child processes. A signal that comes meanwhile is passed on to them, and this
 * process exits when they have gone.
 *
 * @template T
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function interruptible(work) {
  /** @param {NodeJS.Signals} signal */
  const end = (signal) => {
    const exit = () => {
      process.stderr.write('\noneport: interrupted; run it again and it goes on where it was\n');
      process.exit(signal === 'SIGINT' ? 130 : signal === 'SIGTERM' ? 143 : 129);
    };

    unwatch();
    for (const name of signals) {
      process.off(name, end);
    }
    if (running.size === 0) {
      exit();
    }
    setTimeout(exit, patienceMs);
    for (const child of running) {
      child.once('close', () => running.size === 0 && exit());
      child.kill(signal);
    }
  };

  const unwatch = watchParent(() => end('SIGTERM'));

  for (const name of signals) {
    process.on(name, end);
  }
  try {
    return await work();
  } finally {
    unwatch();
    for (const name of signals) {
      process.off(name, end);
    }
  }
}
