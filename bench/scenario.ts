import type { Run, WorkerDescription } from './results.ts';

/** One of the alternatives that a scenario compares: a server in a port mode, a worker, another program. */
export interface Subject {
  readonly name: string;
  readonly worker?: WorkerDescription | undefined;
  /**
   * Measures once, with everything started again, because the memory layout of a process makes it faster or slower as
   * long as it runs.
   *
   * @param seconds - how long, for scenarios that take as long as one likes
   */
  run(seconds: number): Promise<Measured>;
}

export type Measured = Omit<Run, 'round'>;

/** A figure of a group's scenarios, as it is printed. */
export interface Figure {
  readonly title: string;
  readonly unit: string;
  readonly better: 'lower' | 'higher' | 'neither';
  /** Whether ratios to the first subject are shown. */
  readonly ratio?: boolean;
}

/** Scenarios that have the same figures: a chapter of docs/benchmarks.md. */
export interface Group {
  readonly name: string;
  readonly title: string;
  /** Markdown: what is done, what the figures mean, and what they don't. */
  readonly text: string;
  readonly figures: Readonly<Record<string, Figure>>;
  /** The figure that is drawn, and the title of the axis on which scenarios with an `x` are. */
  readonly plot?: { readonly figure: string; readonly axis?: string };
  readonly scenarios: readonly Scenario[];
}

export interface Scenario {
  readonly name: string;
  readonly title: string;
  /** Its value on the group's axis. */
  readonly x?: number;
  /** Whether it is part of the short benchmark. */
  readonly short: boolean;
  /** The first one is the base of the ratios. */
  subjects(options: SubjectOptions): Subject[];
}

export interface SubjectOptions {
  /** The path of our worker's binary. */
  readonly workerBin: string;
  /** The path of mediasoup's worker without our patches, if there is one. */
  readonly stockBin?: string | undefined;
}
