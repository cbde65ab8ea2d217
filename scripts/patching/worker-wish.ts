import { SetUpError } from '../setup/set-up-error.mjs';
import { type Kind, kinds } from './build.ts';

/**
 * Whether somebody wants the worker, and the JavaScript, of the work tree.
 *
 * @param env - ONEPORT_WORKER is `tree`, or `tree:debug`, `tree:asan`.
 * @returns Undefined when nobody does.
 * @throws {SetUpError} When it is `tree:` with something that doesn't exist.
 */
export function wishForTree(env: NodeJS.ProcessEnv = process.env): Kind | undefined {
  const [what, wanted = 'release'] = (env.ONEPORT_WORKER ?? '').split(':');

  if (what !== 'tree') {
    return undefined;
  }

  const kind = kinds.find((entry) => entry === wanted);

  if (!kind) {
    throw new SetUpError(
      `ONEPORT_WORKER is ${env.ONEPORT_WORKER}; it may be tree${kinds.map((entry) => `, tree:${entry}`).join('')}`,
    );
  }

  return kind;
}
