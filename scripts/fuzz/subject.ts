import assert from 'node:assert/strict';
import { once } from 'node:events';
import { get } from 'node:http';
import { startTestServer, type TestServer } from '../../testkit/servers/test-server.ts';
import { workerState } from '../../testkit/servers/worker-state.ts';
import { eventually } from '../../testkit/system/eventually.ts';
import { socketCountOf } from '../../testkit/system/processes.ts';
import { type Bystanders, TestBystanders } from './bystanders.ts';

/** Port modes of the fuzzed server; in the last one HTTP has the media's port. */
export const subjectModes = ['single-port', 'shared-port', 'shared-port-and-http'] as const;
export type SubjectMode = (typeof subjectModes)[number];

const common = {
  MEDIASOUP_NUM_WORKERS: '2',
  // Sessions of peers that are cut off must expire before `mustBeEmpty` gives up.
  RECONNECT_GRACE_SECONDS: '1',
  // These limits have tests of their own.
  MAX_PEER_CPU: '100',
  MAX_WORKER_CPU: '100',
};

interface SubjectOptions {
  server: TestServer;
  bystanders: Bystanders;
}

interface State extends Awaited<ReturnType<typeof workerState>> {
  rooms: number;
  inPortMap: number;
  sockets: number;
  workersSockets: number[];
}

/** The fuzzed server with calls on it, and the checks of its health. */
export class Subject {
  readonly server: TestServer;
  readonly bystanders: Bystanders;
  readonly #pids: number[];
  /** Each of these would end a server. */
  readonly #uncaught: unknown[] = [];
  readonly #catch = (error: unknown) => void this.#uncaught.push(error);
  readonly #counts = new Map<string, number>();
  #empty: State | undefined;

  static async start(mode: SubjectMode): Promise<Subject> {
    const server = await startTestServer(
      { ...common, MEDIASOUP_USE_WEBRTC_SERVER: mode === 'single-port' ? 'true' : 'shared' },
      { httpOnMediaPort: mode === 'shared-port-and-http' },
    );
    try {
      return await Subject.of({ server, bystanders: await TestBystanders.start(server) });
    } catch (error) {
      await server.stop();
      throw error;
    }
  }

  /** Takes over a server and calls that were started elsewhere. */
  static async of(options: SubjectOptions): Promise<Subject> {
    const subject = new Subject(options);
    await subject.mustBeWell();
    subject.#empty = await subject.#state();
    return subject;
  }

  private constructor({ server, bystanders }: SubjectOptions) {
    this.server = server;
    this.bystanders = bystanders;
    this.#pids = server.pool.workers.map(({ worker }) => worker.pid);
    process.on('uncaughtException', this.#catch);
    process.on('unhandledRejection', this.#catch);
  }

  /** How often each outcome happened, sorted by name: it shows how deep the fuzzing gets. */
  get counts(): Record<string, number> {
    return Object.fromEntries([...this.#counts].sort(([a], [b]) => a.localeCompare(b)));
  }

  count(what: string): void {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + 1);
  }

  /** Checks that all workers live, the server answers and the calls continue. @throws AssertionError otherwise */
  async mustBeWell(): Promise<void> {
    await this.bystanders.check();
    assert.equal(await this.#health(), 200, 'GET /health');
    // Last, because a worker's death is noticed a moment after its cause.
    const alive = this.server.pool.workers.map(({ worker }) => worker.pid);
    assert.deepEqual(alive, this.#pids, 'a worker has died');
    assert.deepEqual(this.#uncaught, [], 'uncaught errors');
  }

  /** Checks that the fuzzer's peers left nothing behind. @throws AssertionError otherwise */
  async mustBeEmpty(): Promise<void> {
    await eventually(async () => {
      const { sockets, ...state } = await this.#state();
      const { sockets: formerly = 0, ...empty } = this.#empty ?? {};
      assert.deepEqual(state, empty);
      // A browser may have closed connections that it no longer needs.
      assert(sockets <= formerly, `${sockets} sockets, ${formerly} before`);
    });
  }

  /** Gives server and calls back to their owner. */
  release(): void {
    process.off('uncaughtException', this.#catch);
    process.off('unhandledRejection', this.#catch);
  }

  async stop(): Promise<void> {
    await this.server.stop();
    await this.bystanders.leave();
    this.release();
  }

  async #state(): Promise<State> {
    const { server } = this;
    const { ports } = await server.ports.snapshot();
    return {
      rooms: server.rooms.size,
      ...(await workerState(server.pool)),
      inPortMap: ports.flatMap(({ transports }) => transports).length,
      // The server runs in this process.
      sockets: socketCountOf(process.pid),
      workersSockets: this.#pids.map(socketCountOf),
    };
  }

  async #health(): Promise<number | undefined> {
    const request = get(`${this.server.url}/health`, { agent: false });
    const [response] = await once(request, 'response');
    response.resume();
    await once(response, 'end');
    return response.statusCode;
  }
}

/**
 * A subject of its own for a run, which is replaced after each failure.
 *
 * @throws StartError where this mode is not supported
 */
export async function startHost(mode: SubjectMode) {
  const host = {
    subject: await Subject.start(mode),
    async renew(): Promise<void> {
      await host.subject.stop();
      host.subject = await Subject.start(mode);
    },
  };
  return host;
}
