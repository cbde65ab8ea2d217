import { errorCodes } from '@oneport/protocol';
import type { Logger } from '../telemetry/log.ts';
import { ActiveSpeaker } from './active-speaker.ts';
import type { Participant } from './participant.ts';
import { Pipes } from './pipes.ts';
import { type RoomSpread, selectWorker } from './placement.ts';
import type { ChatHistory } from './room-channel.ts';
import { RoomError } from './room-error.ts';
import { type Producer, Segment, type SegmentWorker } from './segment.ts';

/** Milliseconds that a participant may be without a worker. Then it is closed, and its client reconnects by itself. */
const withoutWorkerMs = 10_000;

/** The workers that a room may use: a `WorkerPool`. */
export interface SegmentWorkers {
  readonly workers: readonly SegmentWorker[];
  /** @throws AdmissionError when none has started within the time */
  untilRunning(timeoutMs: number): Promise<void>;
}

export interface SegmentsOptions {
  pool: SegmentWorkers;
  spread: RoomSpread;
  chat: ChatHistory;
  /** The participants of the room, placed or not. */
  participants(): Iterable<Participant>;
  log: Logger;
}

/** A segment that is open or being opened. */
interface Entry {
  readonly opening: Promise<Segment>;
  segment: Segment | undefined;
  readonly members: Set<Participant>;
}

/** The media of a room: its segments, one for each worker that it uses, and the pipes between them. */
export class Segments {
  readonly pipes = new Pipes();
  readonly speaker: ActiveSpeaker;
  readonly #options: SegmentsOptions;
  /** The oldest first. */
  readonly #entries = new Map<SegmentWorker, Entry>();
  readonly #placing = new Map<Participant, Promise<Segment>>();
  #closed = false;

  constructor(options: SegmentsOptions) {
    this.#options = options;
    this.speaker = new ActiveSpeaker(this.pipes, options.log);
  }

  /** The oldest first. */
  get open(): Segment[] {
    return [...this.#entries.values()].flatMap(({ segment }) => segment ?? []);
  }

  /** The segment on a worker, which may have died. */
  on(worker: SegmentWorker): Segment | undefined {
    return this.#entries.get(worker)?.segment;
  }

  /**
   * Finds the segment of a participant, or selects one and opens it if necessary. It is the same until the worker dies
   * or the participant leaves.
   *
   * @throws AdmissionError when no worker has been running for ten seconds; RoomError when the room has closed; what
   *   mediasoup throws
   */
  async of(participant: Participant): Promise<Segment> {
    for (const { segment, members } of this.#entries.values()) {
      if (segment && members.has(participant)) {
        return segment;
      }
    }
    const known = this.#placing.get(participant);
    if (known) {
      return await known;
    }
    const placing = this.#place(participant).finally(() => this.#placing.delete(participant));
    this.#placing.set(participant, placing);
    return await placing;
  }

  /** A participant is no longer in the room. A segment without participants closes. */
  leave(participant: Participant): void {
    for (const [worker, entry] of this.#entries) {
      if (entry.members.delete(participant) && entry.members.size === 0) {
        this.#close(worker, entry);
      }
    }
  }

  /** A worker has died. @returns the participants that had a segment there */
  lose(worker: SegmentWorker): Participant[] {
    const entry = this.#entries.get(worker);
    // One that was being opened is not lost: #place() selects another worker.
    if (!entry?.segment) {
      return [];
    }
    this.#entries.delete(worker);
    this.#observeSpeakers();
    return [...entry.members];
  }

  close(): void {
    this.#closed = true;
    for (const [worker, entry] of this.#entries) {
      this.#close(worker, entry);
    }
  }

  async #place(participant: Participant): Promise<Segment> {
    const { pool, spread } = this.#options;
    for (;;) {
      if (this.#closed || !this.#isPresent(participant)) {
        throw new RoomError(errorCodes.conflict, 'the peer is no longer in the room');
      }
      const running = pool.workers.filter(({ closed }) => !closed);
      const worker = selectWorker(running, new Set(this.#entries.keys()), spread);
      if (!worker) {
        await pool.untilRunning(withoutWorkerMs);
      } else {
        const segment = await this.#join(participant, worker);
        if (segment) {
          return segment;
        }
      }
    }
  }

  /** @returns undefined when the worker has died, or the participant has left meanwhile */
  async #join(participant: Participant, worker: SegmentWorker): Promise<Segment | undefined> {
    const known = this.#entries.get(worker);
    const entry = known ?? this.#open(worker);
    worker.reserve({
      // A new segment has one for its data channel.
      transports: transportsOf(participant) + Number(!known),
      consumers: this.#consumersFor(participant, entry),
    });
    entry.members.add(participant);
    try {
      const segment = await entry.opening;
      return segment.closed || !entry.members.has(participant) ? undefined : segment;
    } catch (error) {
      entry.members.delete(participant);
      if (!worker.closed) {
        throw error;
      }
      return undefined;
    }
  }

  #open(worker: SegmentWorker): Entry {
    const { chat, log } = this.#options;
    const entry: Entry = {
      opening: Segment.create(worker, chat),
      segment: undefined,
      members: new Set(),
    };
    this.#entries.set(worker, entry);
    entry.opening.then(
      (segment) => {
        if (this.#entries.get(worker) !== entry) {
          segment.close();
          return;
        }
        entry.segment = segment;
        this.#observeSpeakers();
        log.info({ workerIndex: worker.index, segments: this.open.length }, 'segment opened');
      },
      () => this.#forget(worker, entry),
    );
    return entry;
  }

  #close(worker: SegmentWorker, entry: Entry): void {
    this.#forget(worker, entry);
    if (entry.segment) {
      entry.segment.close();
      this.#observeSpeakers();
      this.#options.log.info(
        { workerIndex: worker.index, segments: this.open.length },
        'segment closed',
      );
    }
  }

  #forget(worker: SegmentWorker, entry: Entry): void {
    if (this.#entries.get(worker) === entry) {
      this.#entries.delete(worker);
    }
  }

  #observeSpeakers(): void {
    this.speaker.observeIn(this.open[0], this.#producers());
  }

  #producers(): Producer[] {
    return [...this.#options.participants()].flatMap(({ producers }) => producers);
  }

  #isPresent(participant: Participant): boolean {
    return [...this.#options.participants()].includes(participant);
  }

  /** Those that the participant gets, and those of its microphone. A camera counts once it is there. */
  #consumersFor({ intent }: Participant, { members }: Entry): number {
    const receivers = [...members].filter((member) => member.intent.consume).length;
    return (intent.consume ? this.#producers().length : 0) + (intent.produce ? receivers : 0);
  }
}

function transportsOf({ intent }: Participant): number {
  return Number(intent.produce) + Number(intent.consume);
}
