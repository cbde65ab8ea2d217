const lookEveryMs = 500;

/**
 * Tells when the npm script that started us has gone. A SIGTERM that npm gets ends its shell but not what the
 * shell runs: nobody tells us.
 *
 * Without npm nothing is watched, since then a parent that goes means nothing (`nohup`, a shell that is closed).
 *
 * @param {() => void} gone Called once.
 * @returns {() => void} Stops watching.
 */
export function watchParent(gone) {
  if (!process.env.npm_lifecycle_event) {
    return () => {};
  }

  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid !== parent) {
      clearInterval(timer);
      gone();
    }
  }, lookEveryMs);

  timer.unref();

  return () => clearInterval(timer);
}
