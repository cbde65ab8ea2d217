import fc from 'fast-check';
import type { Subject } from './subject.ts';

/** Sends one batch. @throws when an answer is not as it should be, whatever was sent */
type Send = (subject: Subject) => Promise<void>;

/** Something that takes input from the network. */
export interface Target {
  readonly name: string;
  /** Arguments of the property that have once done harm. */
  readonly found: readonly unknown[][];
  /** @param run - runs each batch, and looks after it */
  property(run: (send: Send) => Promise<void>): fc.IAsyncProperty<unknown[]>;
}

/**
 * @param name - as it is called on the command line
 * @param batch - what is sent at a time: so few that a socket's buffer takes them
 * @param send - sends it, and waits until it is dealt with
 * @param found - what has once done harm: these are tried first, each time
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
