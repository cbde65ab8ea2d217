/**
 * A failure that the user can read and act on: its message is printed without a stack. Every other error is a bug of
 * ours and is printed with one.
 */
export class SetUpError extends Error {
  /**
   * @param {string} what - what failed, in one sentence
   * @param {{ advice?: string, tail?: string, log?: string, exitCode?: number }} [details] - advice: what to do; tail:
   *   the essential lines of the log; log: its path; exitCode: by default 1
   */
  constructor(what, { advice, tail, log, exitCode = 1 } = {}) {
    super(
      [what, tail?.replace(/^/gm, '  | '), log && `The whole log: ${log}`, advice]
        .filter(Boolean)
        .join('\n'),
    );
    this.name = 'SetUpError';
    /** The sentence alone, for a list of several failures. */
    this.what = what;
    this.exitCode = exitCode;
  }
}
