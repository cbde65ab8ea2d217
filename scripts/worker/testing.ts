/**
 * For tests: the worker that the launcher got.
 *
 * @throws When the tests were not started by `npm test`.
 */
export function workerOfTests(): string {
  const binary = process.env.MEDIASOUP_WORKER_BIN;

  if (!binary) {
    throw new Error('MEDIASOUP_WORKER_BIN is not set: run the tests by `npm test`');
  }

  return binary;
}
