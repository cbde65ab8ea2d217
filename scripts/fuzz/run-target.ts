import fc from 'fast-check';
import type { Subject, SubjectMode } from './subject.ts';

/** Sends one batch. @throws when a response is wrong, whatever was sent */
type Send = (subject: Subject) => Promise<void>;

/** A part of the server that takes input from the network. */
export interface Target {
  readonly name: string;
  /** Arguments of the property that once did harm. */
  readonly found: readonly unknown[][];
  /** @param run - runs a batch and checks the server */
  property(run: (send: Send) => Promise<void>): fc.IAsyncProperty<unknown[]>;
}

/**
 * @param name - its name on the command line
 * @param batch - small enough for a socket's buffer
 * @param send - sends a batch and waits until it is processed
 * @param found - batches that once did harm, which are tried first
 */
export function target<Batch>(
  name: string,
  batch: fc.Arbitrary<Batch>,
  send: (subject: Subject, batch: Batch) => Promise<void>,
  found: Batch[] = [],
): Target {
  return {
    name,
    found: found.map((one) => [one]),
    property: (run) =>
      fc.asyncProperty(batch, (value) =>
        run((subject) => send(subject, value)),
      ) as fc.IAsyncProperty<unknown[]>,
  };
}

/** The values of an arbitrary. */
export type Made<A> = A extends fc.Arbitrary<infer Value> ? Value : never;

export interface Host {
  readonly subject: Subject;
  /** Replaces the subject after a failure. Without it, failures are not shrunk. */
  renew?(): Promise<void>;
}

export interface RunOptions {
  mode: SubjectMode;
  seconds: number;
  /** The seed of an earlier run, to repeat it. */
  seed?: number | undefined;
  /** The path of an earlier failure: only that batch is sent. */
  path?: string | undefined;
}

/** A failure, with the command that repeats it. */
export class FuzzFailure extends Error {
  override name = 'FuzzFailure';
}

/** Longer counterexamples are cut. */
const shownCharacters = 6_000;

/**
 * Sends batches to a server for a time and checks the server after each.
 *
 * @returns the number of batches
 * @throws FuzzFailure with the smallest batch that fails, and the command that repeats it
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
  // Without a counterexample, not even the first batch was complete in time.
  if (details.failed && details.counterexample !== null) {
    const counterexample = fc.stringify(details.counterexample).slice(0, shownCharacters);
    throw new FuzzFailure(
      `${target.name} on ${mode}, after ${batches} batches: ${details.errorInstance}\n` +
        `repeat it: ${command} --path ${details.counterexamplePath}\nit was: ${counterexample}`,
      { cause: details.errorInstance },
    );
  }
  try {
    // The last batch may still run when the time is over.
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
