const heartbeatSeconds = 30;

/**
 * @typedef {object} Progress
 * @property {(text: string) => void} show - replaces the text beside the step's name
 */

/**
 * Runs one step of the set-up and reports it on stderr: a line when it begins, progress while it runs (on a terminal
 * one line that changes, elsewhere a line now and then), and how long it took.
 *
 * @template T
 * @param {string} name - two or three words
 * @param {string} why - what it does now, and the reason
 * @param {(progress: Progress) => Promise<T>} work
 * @param {{ stream?: NodeJS.WritableStream & { isTTY?: boolean, columns?: number } }} [options]
 * @returns {Promise<T>} the result of the work
 */
export async function step(name, why, work, { stream = process.stderr } = {}) {
  const startedAt = performance.now();
  const seconds = () => (performance.now() - startedAt) / 1000;
  const live = Boolean(stream.isTTY);
  let shown = '';
  /** @param {string} text */
  const line = (text) => {
    stream.write(`${live ? '\r\x1b[K' : ''}oneport: ${name}: ${text}\n`);
  };
  const redraw = () => {
    const text = `oneport: ${name}: ${shown ? `${shown}, ` : ''}${Math.round(seconds())} s`;
    stream.write(`\r\x1b[K${text.slice(0, (stream.columns || 80) - 1)}`);
  };
  line(why);
  const timer = live
    ? setInterval(redraw, 250)
    : setInterval(() => line(`running for ${duration(seconds())}`), heartbeatSeconds * 1000);
  try {
    const result = await work({
      show(text) {
        if (text === shown) {
          return;
        }
        shown = text;
        if (live) {
          redraw();
        } else {
          line(text);
          timer.refresh();
        }
      },
    });
    line(`done in ${duration(seconds())}`);
    return result;
  } catch (error) {
    line(`failed after ${duration(seconds())}`);
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
