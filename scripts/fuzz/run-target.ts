import fc from 'fast-check';
import type { Subject, SubjectMode } from './subject.ts';
import type { Target } from './target.ts';

/** Where there is a server to fuzz. */
export interface Host {
  readonly subject: Subject;
  /** Puts another in its place, which has not suffered yet. Without it no smaller batch is looked for. */
  renew?(): Promise<void>;
}

export interface RunOptions {
  mode: SubjectMode;
  seconds: number;
  /** Of an earlier run, to repeat it. */
  seed?: number | undefined;
  /** Of an earlier run's failure: only that one batch. */
  path?: string | undefined;
}

/** What was found, with what repeats it. */
export class FuzzFailure extends Error {
  override name = 'FuzzFailure';
}

/** As many as a counterexample may take on a screen. */
const shownCharacters = 6_000;

/**
 * Sends batches to a server until the time is over, and sees after each that nobody suffers.
 *
 * @param target - what is sent, and where to
 * @param host - has the server
 * @returns how many batches there were
 * @throws FuzzFailure with the smallest batch that was found, and the command that repeats it
 */
export async function runTarget(target: Target, host: Host, options: RunOptions): Promise<number> {
  const { mode, seconds, seed = Math.floor(Math.random() * 0x7fffffff), path } = options;
  let running: Promise<void> = Promise.resolve();
  let batches = 0;
  let begun = 0;
  const property = target.property(async (send) => {
    begun += 1;
    running = (async () => {
      await send(host.subject);
      await host.subject.mustBeWell();
      batches += 1;
    })();
    await running.catch(async (error: unknown) => {
      await host.renew?.();
      throw error;
    });
  });
  const details = await fc.check(property, {
    seed,
    ...(path === undefined ? {} : { path }),
    examples: [...target.found] as [unknown][],
    numRuns: Number.MAX_SAFE_INTEGER,
    interruptAfterTimeLimit: seconds * 1_000,
    markInterruptAsFailure: false,
    endOnFailure: host.renew === undefined,
  });
  const command = `npm run fuzz -- --target ${target.name} --mode ${mode} --seed ${seed}`;
  if (details.failed) {
    const counterexample = fc.stringify(details.counterexample).slice(0, shownCharacters);
    throw new FuzzFailure(
      `${target.name} on ${mode}, after ${batches} batches: ${details.errorInstance}\n` +
        `repeat it: ${command} --path ${details.counterexamplePath}\nit was: ${counterexample}`,
      { cause: details.errorInstance },
    );
  }
  try {
    // The last batch was still running when the time was over.
    await running;
    await host.subject.mustBeEmpty();
  } catch (error) {
    throw new FuzzFailure(
      `${target.name} on ${mode}, at the end of ${batches} batches: ${error}\nrepeat it: ${command} --path ${begun - 1}`,
      { cause: error },
    );
  }
  return batches;
}
