import assert from 'node:assert/strict';
import { once } from 'node:events';
import { get } from 'node:http';
import { startTestServer, type TestServer } from '../../testkit/servers/test-server.ts';
import { workerState } from '../../testkit/servers/worker-state.ts';
import { eventually } from '../../testkit/system/eventually.ts';
import { socketCountOf } from '../../testkit/system/process-files.ts';
import { type Innocents, TestInnocents } from './bystanders.ts';

/** What a test server listens with: HTTP beside the media, or on its port. */
export const subjectModes = ['single-port', 'shared-port', 'shared-port-and-http'] as const;
export type SubjectMode = (typeof subjectModes)[number];

const environments: Record<SubjectMode, Record<string, string>> = {
  'single-port': { MEDIASOUP_USE_WEBRTC_SERVER: 'true' },
  'shared-port': { MEDIASOUP_USE_WEBRTC_SERVER: 'shared' },
  'shared-port-and-http': { MEDIASOUP_USE_WEBRTC_SERVER: 'shared' },
};

const common = {
  MEDIASOUP_NUM_WORKERS: '2',
  // Who is cut off keeps a place for a while: not for longer than is waited for at the end.
  RECONNECT_GRACE_SECONDS: '1',
  // All come as fast as the machine lets them: these limits have tests of their own.
  MAX_HANDSHAKES_PER_SECOND: '100000',
  MAX_WORKER_CPU: '100',
};

export interface SubjectOptions {
  server: TestServer;
  innocents: Innocents;
}

interface State extends Awaited<ReturnType<typeof workerState>> {
  rooms: number;
  inPortMap: number;
  sockets: number;
  workersSockets: number[];
}

/** A real server with calls on it: what is fuzzed, and what says whether it bears it. */
export class Subject {
  readonly server: TestServer;
  readonly innocents: Innocents;
  readonly #pids: number[];
  /** What nobody has caught: it would end a server. */
  readonly #uncaught: unknown[] = [];
  readonly #catch = (error: unknown) => void this.#uncaught.push(error);
  readonly #counts = new Map<string, number>();
  #empty: State | undefined;

  static async start(mode: SubjectMode): Promise<Subject> {
    const server = await startTestServer(
      { ...common, ...environments[mode] },
      { httpOnMediaPort: mode === 'shared-port-and-http' },
    );
    try {
      return await Subject.of({ server, innocents: await TestInnocents.start(server) });
    } catch (error) {
      await server.stop();
      throw error;
    }
  }

  /** @param options - both are its own from now on */
  static async of(options: SubjectOptions): Promise<Subject> {
    const subject = new Subject(options);
    await subject.mustBeWell();
    subject.#empty = await subject.#state();
    return subject;
  }

  private constructor({ server, innocents }: SubjectOptions) {
    this.server = server;
    this.innocents = innocents;
    this.#pids = server.pool.workers.map(({ worker }) => worker.pid);
    process.on('uncaughtException', this.#catch);
    process.on('unhandledRejection', this.#catch);
  }

  /** What came of what was sent, in order of its names: it shows how deep the fuzzing goes. */
  get counts(): Record<string, number> {
    return Object.fromEntries([...this.#counts].sort(([a], [b]) => a.localeCompare(b)));
  }

  count(what: string): void {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + 1);
  }

  /** Whatever was sent: all workers live, the server answers, and the calls go on. @throws when not */
  async mustBeWell(): Promise<void> {
    await this.innocents.goOn();
    assert.equal(await this.#health(), 200, 'GET /health');
    // Its death is known a moment after what has killed it.
    const alive = this.server.pool.workers.map(({ worker }) => worker.pid);
    assert.deepEqual(alive, this.#pids, 'a worker has died');
    assert.deepEqual(this.#uncaught, [], 'nobody has caught this');
  }

  /** When all have left who came after the calls, nothing of them is there any more. @throws when something is */
  async mustBeEmpty(): Promise<void> {
    await eventually(async () => {
      const { sockets, ...state } = await this.#state();
      const { sockets: formerly = 0, ...empty } = this.#empty ?? {};
      assert.deepEqual(state, empty);
      // A browser closes connections that it doesn't need any more.
      assert(sockets <= formerly, `${sockets} sockets, and ${formerly} before`);
    });
  }

  /** The server and the calls are somebody else's again. */
  forget(): void {
    process.off('uncaughtException', this.#catch);
    process.off('unhandledRejection', this.#catch);
  }

  async stop(): Promise<void> {
    await this.server.stop();
    await this.innocents.leave();
    this.forget();
  }

  async #state(): Promise<State> {
    const { server } = this;
    const { ports } = await server.ports.snapshot();
    return {
      rooms: server.rooms.size,
      ...(await workerState(server.pool)),
      inPortMap: ports.flatMap(({ transports }) => transports).length,
      // This process is the server.
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
