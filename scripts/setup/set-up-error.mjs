/**
 * A failure that the person at the keyboard can read and act on. Its message is printed as it is, without a
 * stack; every other error is a bug of ours and is printed with one.
 */
export class SetUpError extends Error {
  /**
   * @param {string} what What failed, in one sentence.
   * @param {{ advice?: string, tail?: string, log?: string, exitCode?: number }} [details]
   *   advice: what to do; tail: the last lines of the log; log: where all of it is.
   */
  constructor(what, { advice, tail, log, exitCode = 1 } = {}) {
    const parts = [what];

    if (tail) {
      parts.push(tail.replace(/^/gm, '  | '));
    }
    if (log) {
      parts.push(`The whole log: ${log}`);
    }
    if (advice) {
      parts.push(advice);
    }

    super(parts.join('\n'));
    this.name = 'SetUpError';
    /** The sentence alone, for a list of several failures. */
    this.what = what;
    this.exitCode = exitCode;
  }
}
