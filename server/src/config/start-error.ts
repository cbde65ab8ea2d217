/**
 * Why the server can't start, for the person who starts it: what is wrong, what is allowed, how to
 * mend it. Shown without a stack trace.
 */
export class StartError extends Error {
  override name = 'StartError';
}
