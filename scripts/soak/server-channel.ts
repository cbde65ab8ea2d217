import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Counts, Measurement } from './measure.ts';

export type Question = 'count' | 'measure' | 'stop';
export interface Answer {
  signalling?: string;
  mediaPort?: number;
  counts?: Counts;
  measurement?: Measurement;
}

export interface SoakServerOptions {
  /** Settings that the run is about. */
  env: Record<string, string>;
  /** A leak that the run must find. */
  plant?: 'transports' | undefined;
}

/** A server in another process, asked over the channel to its parent. */
export class SoakServer {
  readonly signalling: string;
  readonly mediaPort: number;
  readonly #process: ChildProcess;

  /** @throws Error when it ends instead; it has said why on standard error */
  static async start({ env, plant }: SoakServerOptions): Promise<SoakServer> {
    const process_ = fork(fileURLToPath(new URL('soak-server.ts', import.meta.url)), {
      // To count the objects of a class is an experiment of Node's.
      execArgv: ['--expose-gc', '--disable-warning=ExperimentalWarning'],
      env: { ...process.env, SOAK_ENVIRONMENT: JSON.stringify(env), SOAK_PLANT: plant ?? '' },
    });
    const { signalling = '', mediaPort = 0 } = await answerOf(process_);
    return new SoakServer(process_, signalling, mediaPort);
  }

  private constructor(process_: ChildProcess, signalling: string, mediaPort: number) {
    this.#process = process_;
    this.signalling = signalling;
    this.mediaPort = mediaPort;
  }

  async count(): Promise<Counts> {
    const { counts } = await this.#ask('count');
    if (!counts) {
      throw new Error('no counts');
    }
    return counts;
  }

  async measure(): Promise<Measurement> {
    const { measurement } = await this.#ask('measure');
    if (!measurement) {
      throw new Error('no measurement');
    }
    return measurement;
  }

  async #ask(question: Question): Promise<Answer> {
    const answer = answerOf(this.#process);
    this.#process.send(question);
    return await answer;
  }

  async stop(): Promise<void> {
    const exit = once(this.#process, 'exit');
    if (this.#process.connected) {
      this.#process.send('stop' satisfies Question);
    }
    await exit;
  }
}

async function answerOf(process_: ChildProcess): Promise<Answer> {
  const ended = new AbortController();
  const exit = once(process_, 'exit', { signal: ended.signal }).then(([code]) => {
    throw new Error(`the server has ended (${code})`);
  });
  try {
    const [answer] = await Promise.race([
      once(process_, 'message', { signal: ended.signal }),
      exit,
    ]);
    return answer as Answer;
  } finally {
    ended.abort();
    exit.catch(() => undefined);
  }
}
