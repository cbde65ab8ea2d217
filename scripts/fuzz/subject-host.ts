import type { Host } from './run-target.ts';
import { Subject, type SubjectMode } from './subject.ts';

/** Has a server of its own, and starts another where one has suffered. */
export class SubjectHost implements Host {
  readonly mode: SubjectMode;
  #subject: Subject;

  /** @throws StartError where this mode can't be had */
  static async start(mode: SubjectMode): Promise<SubjectHost> {
    return new SubjectHost(mode, await Subject.start(mode));
  }

  private constructor(mode: SubjectMode, subject: Subject) {
    this.mode = mode;
    this.#subject = subject;
  }

  get subject(): Subject {
    return this.#subject;
  }

  async renew(): Promise<void> {
    await this.#subject.stop();
    this.#subject = await Subject.start(this.mode);
  }

  async stop(): Promise<void> {
    await this.#subject.stop();
  }
}
