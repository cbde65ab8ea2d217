const signals = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']);
const endWithinMs = 5000;
const lookAtParentMs = 500;

/** @type {Set<import('node:child_process').ChildProcess>} */
const running = new Set();

/**
 * Adds a child process to those that `interruptible` ends.
 *
 * @template {import('node:child_process').ChildProcess} Child
 * @param {Child} child
 * @returns {Child}
 */
export function track(child) {
  running.add(child);
  child.once('close', () => running.delete(child));
  return child;
}

/**
 * Does work that starts child processes. A signal is passed on to them, and this process exits when they are gone.
 *
 * @template T
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function interruptible(work) {
  const stop = onEndSignal((signal) => {
    const exit = () => {
      process.stderr.write('\noneport: interrupted; run it again to continue\n');
      process.exit(signal === 'SIGINT' ? 130 : signal === 'SIGTERM' ? 143 : 129);
    };
    stop();
    if (running.size === 0) {
      exit();
    }
    setTimeout(exit, endWithinMs);
    for (const child of running) {
      child.once('close', () => running.size === 0 && exit());
      child.kill(signal);
    }
  });
  try {
    return await work();
  } finally {
    stop();
  }
}

/**
 * Calls back at each signal that ends a program. The end of the npm script that started us counts as a SIGTERM: a
 * SIGTERM to npm ends npm's shell, but not the programs that the shell runs.
 *
 * @param {(signal: NodeJS.Signals) => void} onSignal
 * @returns {() => void} stops calling back
 */
export function onEndSignal(onSignal) {
  for (const signal of signals) {
    process.on(signal, onSignal);
  }
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid !== parent) {
      clearInterval(timer);
      onSignal('SIGTERM');
    }
  }, lookAtParentMs);
  timer.unref();
  // Without npm, a parent that ends means nothing (`nohup`, a shell that is closed).
  if (!process.env.npm_lifecycle_event) {
    clearInterval(timer);
  }
  return () => {
    clearInterval(timer);
    for (const signal of signals) {
      process.off(signal, onSignal);
    }
  };
}
