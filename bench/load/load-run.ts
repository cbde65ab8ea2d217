import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { signallingPath } from '@oneport/protocol';
import { Histogram } from './histogram.ts';
import type { Published } from './load-peer.ts';
import type {
  Numbered,
  PeerTask,
  ProcessAnswer,
  ProcessCommand,
  ProcessOptions,
  ProcessReport,
} from './load-process.ts';
import { noPackets, type PacketCounts } from './received-stream.ts';
import { NtpClock } from './rtp-packet.ts';
import type { Witness, WitnessReport } from './witness.ts';

/** Fewer are not worth a process. */
const peersOfProcess = 8;
const endWithinMs = 5_000;
const processFile = fileURLToPath(new URL('load-process.ts', import.meta.url));

export interface LoadOptions {
  /** The page's URL: `https://call.example.org`. */
  url: string;
  rooms: number;
  /** In each room. */
  peers: number;
  /** Of the peers in each room, those that publish; the others only receive. */
  publishers: number;
  codec: Published;
  /** The spatial layer that receivers prefer, 0 to 2; undefined: the highest. */
  layer?: number | undefined;
  /** How long to measure, in seconds, from when all peers have joined. */
  seconds: number;
  joinsPerSecond: number;
  /** Between the last join and the measurement. Default: 0. */
  warmUpSeconds?: number;
  /** Default: one for each core, and not more than the peers need. */
  processes?: number | undefined;
  token?: string | undefined;
  /** Accepts invalid certificates. */
  insecure?: boolean;
  /** Lets a Chromium join the first room, and only receive. */
  witness?: boolean;
  onJoined?(joined: number, failed: number): void;
  /** The measurement begins, and ends. The last packets are still underway at its end. */
  onStart?(): void;
  onEnd?(): void;
  /** Called once a second. */
  onLive?(report: LoadReport): void;
  /** Ends the measurement early. */
  signal?: AbortSignal;
}

/** Times in ms; undefined when nothing was measured. */
export interface Times {
  p50: number | undefined;
  p95: number | undefined;
  p99: number | undefined;
  longest: number | undefined;
}

export interface LoadReport {
  seconds: number;
  joined: number;
  /** Peers that could not join, and those that were lost later, by reason. */
  failed: Record<string, number>;
  lost: Record<string, number>;
  /** From opening the socket until media is connected and published. */
  join: Times;
  sent: number;
  /** Packets that the server asked senders for again. */
  sentAgain: number;
  packets: PacketCounts;
  /** Consecutive packets of equal size to one receiver, within 1.5 ms: their mean number. */
  runLength: number | undefined;
  /** The share of expected packets that did not arrive when they were first sent, 0 to 1. */
  loss: number;
  /** From a packet's first sending to its arrival, retransmission included. */
  delay: Times;
  streams: number;
  /** Received streams without a packet in the last 2 s. */
  silentStreams: number;
  generator: GeneratorReport;
  witness?: WitnessReport;
}

/** Whether the load generator itself kept up. */
export interface GeneratorReport {
  processes: number;
  /** Cores that it used. */
  cpu: number;
  /** The busiest event loop, 0 to 1. */
  loop: number;
  /** How late packets were sent. */
  late: Times;
  /** Datagrams that arrived and were not read in time. */
  dropped: number;
}

/** The server is down or rejects every peer: there is nothing to measure. */
export class NoPeerError extends Error {
  override name = 'NoPeerError';
}

/**
 * Lets peers join a server, publish and receive, and measures what arrives.
 *
 * @throws NoPeerError when the first peer cannot join
 * @throws Error when a process of the generator ends, or the witness cannot join
 */
export async function runLoad(options: LoadOptions): Promise<LoadReport> {
  await using run = new LoadRun(options);
  await run.join();
  return await run.measure();
}

class LoadRun implements AsyncDisposable {
  readonly #options: LoadOptions;
  readonly #processes: ChildLoad[];
  readonly #join = new Histogram();
  readonly #failed: Record<string, number> = {};
  readonly #run = Date.now().toString(36);
  #joined = 0;
  #witness: Witness | undefined;

  constructor(options: LoadOptions) {
    this.#options = options;
    const { rooms, peers, processes } = options;
    const most = Math.min(availableParallelism(), Math.ceil((rooms * peers) / peersOfProcess));
    const processOptions: ProcessOptions = {
      signalling: signallingUrl(options.url),
      verifyTls: !options.insecure,
      token: options.token,
      codec: options.codec,
      layer: options.layer,
      clockOffset: String(NtpClock.offsetNow()),
    };
    this.#processes = Array.from(
      { length: processes ?? most },
      () => new ChildLoad(processOptions),
    );
  }

  /**
   * Lets all peers join, as fast as the options say.
   *
   * @throws NoPeerError when the first one fails: the others join after it has
   */
  async join(): Promise<void> {
    const { joinsPerSecond, onJoined, signal } = this.#options;
    const joins: Promise<void>[] = [];
    for (const [i, task] of this.#tasks().entries()) {
      if (signal?.aborted) {
        break;
      }
      const child = this.#processes[i % this.#processes.length];
      joins.push(
        this.#joinOne(child, task).then(() =>
          onJoined?.(
            this.#joined,
            Object.values(this.#failed).reduce((a, b) => a + b, 0),
          ),
        ),
      );
      if (i === 0) {
        await joins[0];
        const [reason] = Object.keys(this.#failed);
        if (reason !== undefined) {
          throw new NoPeerError(reason);
        }
      }
      await sleep(1000 / joinsPerSecond);
    }
    await Promise.all(joins);
    if (this.#options.witness) {
      // Loads a browser's driver, which no other run needs.
      const { Witness } = await import('./witness.ts');
      const { url, token } = this.#options;
      this.#witness = await Witness.join(url, this.#roomId(0), token);
    }
  }

  async measure(): Promise<LoadReport> {
    const { seconds, warmUpSeconds = 0, onLive, onStart, onEnd, signal } = this.#options;
    await sleep(1000 * warmUpSeconds);
    await Promise.all(this.#processes.map((child) => child.ask({ type: 'measure' })));
    await this.#witness?.measure();
    onStart?.();
    const until = performance.now() + 1000 * seconds;
    for (
      let left = 1000 * seconds;
      left > 0 && !signal?.aborted;
      left = until - performance.now()
    ) {
      await sleep(Math.min(left, 1000), undefined, signal && { signal }).catch(() => {});
      if (onLive) {
        onLive(await this.#report('report'));
      }
    }
    onEnd?.();
    return this.#report('stop');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#processes.map((child) => child.end()));
    await this.#witness?.[Symbol.asyncDispose]();
  }

  #tasks(): PeerTask[] {
    const { rooms, peers, publishers } = this.#options;
    // Rooms grow side by side, as in practice.
    return Array.from({ length: peers }, (_, n) =>
      Array.from({ length: rooms }, (_, room) => ({
        roomId: this.#roomId(room),
        peerId: `load-${n + 1}`,
        publishes: n < publishers,
      })),
    ).flat();
  }

  #roomId(room: number): string {
    return `load-${this.#run}-${room + 1}`;
  }

  async #joinOne(child: ChildLoad | undefined, task: PeerTask): Promise<void> {
    const answer = await child?.ask({ type: 'join', task });
    if (answer?.type === 'joined') {
      this.#joined += 1;
      this.#join.record(answer.ms);
    } else if (answer?.type === 'failed') {
      this.#failed[answer.reason] = (this.#failed[answer.reason] ?? 0) + 1;
    }
  }

  async #report(type: 'report' | 'stop'): Promise<LoadReport> {
    const witness = await this.#witness?.report();
    const answers = await Promise.all(this.#processes.map((child) => child.ask({ type })));
    const reports = answers.flatMap((answer) => (answer.type === 'report' ? [answer.report] : []));
    return { ...this.#combine(reports), ...(witness && { witness }) };
  }

  #combine(reports: readonly ProcessReport[]): LoadReport {
    const sum = (of: (report: ProcessReport) => number) =>
      reports.reduce((total, report) => total + of(report), 0);
    const packets = noPackets();
    for (const name of Object.keys(packets) as (keyof PacketCounts)[]) {
      packets[name] = sum(({ counts }) => counts[name]);
    }
    const lost: Record<string, number> = {};
    for (const reason of reports.flatMap((report) => report.lost)) {
      lost[reason] = (lost[reason] ?? 0) + 1;
    }
    const seconds = Math.max(...reports.map((report) => report.seconds));
    return {
      seconds,
      joined: this.#joined,
      failed: this.#failed,
      lost,
      join: timesOf(this.#join),
      sent: sum(({ sent }) => sent),
      sentAgain: sum(({ sentAgain }) => sentAgain),
      packets,
      runLength: sum(({ sizes }) => sizes.packets) / sum(({ sizes }) => sizes.runs) || undefined,
      loss: packets.expected && (packets.lost + packets.recovered) / packets.expected,
      delay: timesOf(merged(reports.map(({ delay }) => delay))),
      streams: sum(({ streams }) => streams),
      silentStreams: sum(({ silentStreams }) => silentStreams),
      generator: {
        processes: reports.length,
        cpu: sum(({ cpuSeconds }) => cpuSeconds) / seconds,
        loop: Math.max(...reports.map(({ loop }) => loop)),
        late: timesOf(merged(reports.map(({ late }) => late))),
        dropped: sum(({ dropped }) => dropped),
      },
    };
  }
}

/** The parent's end of a `load-process.ts`. */
class ChildLoad {
  readonly #process: ChildProcess;
  readonly #ended: Promise<never>;
  readonly #waiting = new Map<number, (answer: ProcessAnswer) => void>();
  #nextId = 1;

  constructor(options: ProcessOptions) {
    this.#process = fork(processFile, { serialization: 'advanced' });
    this.#ended = once(this.#process, 'exit').then(([code, signal]) => {
      throw new Error(`a process of the load generator ended (${code ?? signal})`);
    });
    this.#ended.catch(() => {});
    this.#process.on('message', ({ id, message }: Numbered<ProcessAnswer>) => {
      this.#waiting.get(id)?.(message);
      this.#waiting.delete(id);
    });
    void this.ask({ type: 'options', options }).catch(() => {});
  }

  /** @throws Error when the process ends before it answers */
  ask(message: ProcessCommand): Promise<ProcessAnswer> {
    const id = this.#nextId++;
    const answer = new Promise<ProcessAnswer>((resolve) => this.#waiting.set(id, resolve));
    const command: Numbered<ProcessCommand> = { id, message };
    this.#process.send(command, () => {});
    return Promise.race([answer, this.#ended]);
  }

  async end(): Promise<void> {
    if (this.#process.connected) {
      this.#process.disconnect();
    }
    // libdatachannel's cleanup sometimes never returns; by now everything is reported.
    const timer = setTimeout(() => this.#process.kill('SIGKILL'), endWithinMs);
    await this.#ended.catch(() => {});
    clearTimeout(timer);
  }
}

function merged(counts: readonly Float64Array[]): Histogram {
  const all = new Histogram();
  for (const one of counts) {
    all.add(new Histogram(one));
  }
  return all;
}

function timesOf(times: Histogram): Times {
  const [p50, p95, p99, longest] = [0.5, 0.95, 0.99, 1].map((share) => times.quantile(share));
  return { p50, p95, p99, longest };
}

/** @throws TypeError when the URL is invalid */
function signallingUrl(page: string): string {
  const url = new URL(page.endsWith('/') ? page : `${page}/`);
  url.protocol = url.protocol.replace('http', 'ws');
  return new URL(`.${signallingPath}`, url).href;
}
