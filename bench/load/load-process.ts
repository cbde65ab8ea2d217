/** A process with a part of the peers, started and asked by `LoadRun` over its IPC channel. */
import { eventLoopUtilization } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { readUdpSockets } from '../../server/src/net/udp-sockets.ts';
import { Histogram } from './histogram.ts';
import { LoadPeer, type Published } from './load-peer.ts';
import { noPackets, type PacketCounts } from './received-stream.ts';
import { closeLibrary } from './rtp-connection.ts';
import { NtpClock } from './rtp-packet.ts';
import { noSizes, type SizeCounts } from './size-runs.ts';

/** A peer to let join. */
export interface PeerTask {
  roomId: string;
  peerId: string;
  publishes: boolean;
}

export interface ProcessOptions {
  signalling: string;
  verifyTls: boolean;
  token: string | undefined;
  codec: Published;
  layer: number | undefined;
  /** `NtpClock.offsetNow()`, in decimal digits. */
  clockOffset: string;
}

/** From `LoadRun`. */
export type ProcessCommand =
  | { type: 'options'; options: ProcessOptions }
  | { type: 'join'; task: PeerTask }
  | { type: 'measure' }
  | { type: 'report' }
  | { type: 'stop' };

/** The answer to each command. */
export type ProcessAnswer =
  | { type: 'done' }
  | { type: 'joined'; ms: number }
  | { type: 'failed'; reason: string }
  | { type: 'report'; report: ProcessReport };

/** Commands and answers are numbered, because peers join side by side. */
export interface Numbered<T> {
  id: number;
  message: T;
}

/** Since `measure`. */
export interface ProcessReport {
  seconds: number;
  sent: number;
  /** Packets that the server asked for again. */
  sentAgain: number;
  counts: PacketCounts;
  sizes: SizeCounts;
  delay: Float64Array;
  streams: number;
  silentStreams: number;
  /** A reason for each peer that was lost after it had joined. */
  lost: string[];
  /** CPU time, in seconds. */
  cpuSeconds: number;
  /** The share of time that the event loop was busy, 0 to 1. */
  loop: number;
  /** How late packets were sent. */
  late: Float64Array;
  /** Datagrams that the kernel dropped because this process did not read them in time. */
  dropped: number;
}

const checkEveryMs = 20;
/** Until packets that are underway have arrived, and those that were lost were sent again. */
const drainMs = 500;

class LoadProcess {
  readonly #peers: LoadPeer[] = [];
  #options: ProcessOptions | undefined;
  #clock = new NtpClock(0n);
  readonly #counts = noPackets();
  readonly #sizes = noSizes();
  readonly #lost: string[] = [];
  #delay = new Histogram();
  #late = new Histogram();
  #sending = true;
  #start = {
    at: 0,
    cpu: process.cpuUsage(),
    loop: eventLoopUtilization(),
    sent: 0,
    again: 0,
    dropped: 0,
  };
  #checkedAt = 0;

  constructor() {
    setInterval(() => this.#tick(), 1);
  }

  async handle(command: ProcessCommand): Promise<ProcessAnswer> {
    switch (command.type) {
      case 'options':
        this.#options = command.options;
        this.#clock = new NtpClock(BigInt(command.options.clockOffset));
        return { type: 'done' };
      case 'join':
        return this.#join(command.task);
      case 'measure':
        await this.#measure();
        return { type: 'done' };
      case 'report':
        return { type: 'report', report: await this.#report() };
      case 'stop':
        return { type: 'report', report: await this.#stop() };
    }
  }

  async #join({ roomId, peerId, publishes }: PeerTask): Promise<ProcessAnswer> {
    const options = this.#options;
    if (!options) {
      throw new Error('no options yet');
    }
    const startedAt = performance.now();
    try {
      const { codec, ...others } = options;
      const peer = await LoadPeer.join({
        ...others,
        roomId,
        peerId,
        publish: publishes ? codec : undefined,
        clock: this.#clock,
        counts: this.#counts,
        sizes: this.#sizes,
        onDelay: (ms) => this.#delay.record(ms),
        onLate: (ms) => this.#late.record(ms),
        onLost: (reason) => this.#lost.push(reason),
      });
      this.#peers.push(peer);
      return { type: 'joined', ms: performance.now() - startedAt };
    } catch (error) {
      return { type: 'failed', reason: (error as Error).message };
    }
  }

  #tick(): void {
    const now = performance.now();
    if (this.#sending) {
      for (const peer of this.#peers) {
        peer.send(now);
      }
    }
    if (now - this.#checkedAt >= checkEveryMs) {
      this.#checkedAt = now;
      for (const peer of this.#peers) {
        peer.check(now);
      }
    }
  }

  async #measure(): Promise<void> {
    this.#start = {
      at: performance.now(),
      cpu: process.cpuUsage(),
      loop: eventLoopUtilization(),
      ...this.#sent(),
      dropped: await this.#dropped(),
    };
    for (const stream of this.#peers.flatMap(({ streams }) => streams)) {
      stream.forgetMissing();
    }
    Object.assign(this.#counts, noPackets());
    Object.assign(this.#sizes, noSizes());
    this.#delay = new Histogram();
    this.#late = new Histogram();
  }

  async #report(): Promise<ProcessReport> {
    const now = performance.now();
    const { at, cpu, loop, sent, again, dropped } = this.#start;
    const { user, system } = process.cpuUsage(cpu);
    const total = this.#sent();
    return {
      seconds: (now - at) / 1000,
      sent: total.sent - sent,
      sentAgain: total.again - again,
      counts: { ...this.#counts },
      sizes: { ...this.#sizes },
      delay: this.#delay.counts,
      streams: this.#peers.reduce((sum, { streams }) => sum + streams.length, 0),
      silentStreams: this.#peers.reduce((sum, peer) => sum + peer.silentStreams(now), 0),
      lost: this.#lost,
      cpuSeconds: (user + system) / 1e6,
      loop: eventLoopUtilization(loop).utilization,
      late: this.#late.counts,
      dropped: (await this.#dropped()) - dropped,
    };
  }

  /** Stops sending, waits for what is underway, and leaves. */
  async #stop(): Promise<ProcessReport> {
    const { silentStreams, seconds, cpuSeconds, loop } = await this.#report();
    this.#sending = false;
    await sleep(drainMs);
    for (const stream of this.#peers.flatMap(({ streams }) => streams)) {
      stream.end();
    }
    const report = await this.#report();
    for (const peer of this.#peers) {
      peer.close();
    }
    return { ...report, silentStreams, seconds, cpuSeconds, loop };
  }

  #sent(): { sent: number; again: number } {
    const streams = this.#peers
      .flatMap(({ publications }) => publications)
      .flatMap((one) => one.streams);
    return {
      sent: streams.reduce((sum, stream) => sum + stream.sent, 0),
      again: streams.reduce((sum, stream) => sum + stream.sentAgain, 0),
    };
  }

  /** Of the sockets of all peers, since they were opened. */
  async #dropped(): Promise<number> {
    const ports = new Set(this.#peers.flatMap(({ localPorts }) => localPorts));
    const sockets = await readUdpSockets();
    return sockets.filter(({ port }) => ports.has(port)).reduce((sum, { drops }) => sum + drops, 0);
  }
}

if (import.meta.main) {
  const load = new LoadProcess();
  process.on('message', async ({ id, message }: Numbered<ProcessCommand>) => {
    const answer: Numbered<ProcessAnswer> = { id, message: await load.handle(message) };
    // Without the parent, there is no channel any more, and this process ends.
    process.send?.(answer, undefined, undefined, () => {});
  });
  process.once('disconnect', () => {
    closeLibrary();
    process.exit();
  });
  // Ctrl-C reaches the whole group; the parent then tells this process to stop.
  process.on('SIGINT', () => {});
}
