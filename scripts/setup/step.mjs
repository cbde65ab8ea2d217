const heartbeatSeconds = 30;

/**
 * @typedef {object} Progress
 * @property {(text: string) => void} show - prints a line
 */

/**
 * Runs one step of the set-up and reports it on stderr: a line when it begins, one now and then while it runs, and how
 * long it took.
 *
 * @template T
 * @param {string} name - two or three words
 * @param {string} why - what it does now, and the reason
 * @param {(progress: Progress) => Promise<T>} work
 * @returns {Promise<T>} the result of the work
 */
export async function step(name, why, work) {
  const startedAt = performance.now();
  const elapsed = () => duration((performance.now() - startedAt) / 1000);
  /** @param {string} text */
  const line = (text) => say(`${name}: ${text}`);
  line(why);
  const timer = setInterval(() => line(`running for ${elapsed()}`), heartbeatSeconds * 1000);
  try {
    const result = await work({
      show(text) {
        line(text);
        timer.refresh();
      },
    });
    line(`done in ${elapsed()}`);
    return result;
  } catch (error) {
    line(`failed after ${elapsed()}`);
    throw error;
  } finally {
    clearInterval(timer);
  }
}

/**
 * @param {number} seconds
 * @returns {string} `0.4 s`, `12 s`, `3 min 20 s`
 */
export function duration(seconds) {
  if (seconds < 9.95) {
    return `${seconds.toFixed(1)} s`;
  }
  const whole = Math.round(seconds);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

/**
 * Prints one line in the style of the steps.
 *
 * @param {string} text
 */
export function say(text) {
  process.stderr.write(`oneport: ${text}\n`);
}
