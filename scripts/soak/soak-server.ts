/** A server in a process of its own, so that its memory and handles are not mixed up with those of its peers. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Counts, Measurement } from './measure.ts';

interface Answers {
  started: { signalling: string };
  count: Counts;
  measure: Measurement;
}

export interface SoakServerOptions {
  env: Record<string, string>;
  /** A leak that the run must find. */
  plant?: 'transports' | undefined;
}

/** The parent's end: requests go over the IPC channel, one at a time. */
export class SoakServer {
  readonly signalling: string;
  readonly #process: ChildProcess;

  /** @throws Error when it exits instead; the reason is on its stderr */
  static async start({ env, plant = undefined }: SoakServerOptions): Promise<SoakServer> {
    const child = fork(fileURLToPath(import.meta.url), {
      // queryObjects is experimental.
      execArgv: ['--expose-gc', '--disable-warning=ExperimentalWarning'],
      env: { ...process.env, SOAK_ENVIRONMENT: JSON.stringify(env), SOAK_PLANT: plant ?? '' },
    });
    const { signalling } = await answerOf<'started'>(child);
    return new SoakServer(child, signalling);
  }

  private constructor(child: ChildProcess, signalling: string) {
    this.#process = child;
    this.signalling = signalling;
  }

  count(): Promise<Counts> {
    return this.#ask('count');
  }

  measure(): Promise<Measurement> {
    return this.#ask('measure');
  }

  async #ask<Q extends 'count' | 'measure'>(question: Q): Promise<Answers[Q]> {
    const answer = answerOf<Q>(this.#process);
    this.#process.send(question);
    return await answer;
  }

  async stop(): Promise<void> {
    const exit = once(this.#process, 'exit');
    if (this.#process.connected) {
      this.#process.send('stop');
    }
    await exit;
  }
}

async function answerOf<Q extends keyof Answers>(child: ChildProcess): Promise<Answers[Q]> {
  const ended = new AbortController();
  const exit = once(child, 'exit', { signal: ended.signal }).then(([code]) => {
    throw new Error(`the server exited with code ${code}`);
  });
  try {
    const message = once(child, 'message', { signal: ended.signal });
    const [answer] = await Promise.race([message, exit]);
    return answer as Answers[Q];
  } finally {
    ended.abort();
    exit.catch(() => undefined);
  }
}

/** The child: serves until it is told to stop or its parent is gone. */
async function serve(): Promise<void> {
  const { startTestServer } = await import('../../testkit/servers/test-server.ts');
  const { count, measure } = await import('./measure.ts');
  const server = await startTestServer(JSON.parse(process.env.SOAK_ENVIRONMENT ?? '{}'));
  const kept: unknown[] = [];
  if (process.env.SOAK_PLANT === 'transports') {
    // A typical leak: a list still has closed transports, and data about them.
    for (const { worker } of server.pool.workers) {
      worker.observer.on('newrouter', ({ observer }) =>
        observer.on('newtransport', (transport) => kept.push([transport, Array(20_000).fill(0.5)])),
      );
    }
  }
  process.once('disconnect', () => process.exit());
  process.on('message', async (question) => {
    if (question === 'count') {
      process.send?.(await count(server));
    } else if (question === 'measure') {
      const measurement = await measure(server);
      // The collection blocks the process, so the server takes its workers to hang until it has asked them again.
      while (server.pool.whyNoNewRoom) {
        await sleep(100);
      }
      process.send?.(measurement);
    } else {
      await server.stop();
      process.disconnect();
    }
  });
  process.send?.({ signalling: server.signalling } satisfies Answers['started']);
}

if (import.meta.main) {
  await serve();
}
