/** Standard output without waiting for it: a full disk or a reader that hangs must not stop calls. */
import { EventEmitter, once } from 'node:events';
import { constants, fstatSync, openSync, write, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { isatty } from 'node:tty';

/** Enough for a reader that is slow for a second at LOG_LEVEL=debug. */
export const maxWaitingBytes = 1_048_576;

/** Before another attempt to write to a pipe or a terminal that is full, in milliseconds. */
const retryMs = 100;

const newline = 10;

type Write = (
  chunk: Buffer,
  done: (error: NodeJS.ErrnoException | null, written?: number) => void,
) => void;

interface Target {
  write: Write;
  /** undefined: writing to it at exit could block. */
  fd?: number;
}

/**
 * Writes lines in order, one batch at a time. Lines that the target does not take, or that come while `maxWaitingBytes`
 * wait for it, are dropped and counted.
 */
export class LineWriter extends EventEmitter<{ idle: [] }> {
  /** Called when lines are written again after some were dropped, with their number. */
  onRecovery: (dropped: number) => void = () => undefined;
  readonly #target: Target;
  #lines: string[] = [];
  #chunk: Buffer = Buffer.alloc(0);
  #waiting = 0;
  #busy = false;
  /** The last byte that was written is not the end of a line. */
  #cut = false;
  #dropped = 0;
  #reported = 0;

  constructor(target: Target) {
    super();
    this.#target = target;
    process.once('exit', () => this.#writeRest());
  }

  /** Lines dropped so far. */
  get dropped(): number {
    return this.#dropped;
  }

  /** @param line - with its line end */
  write(line: string): void {
    const bytes = Buffer.byteLength(line);
    if (this.#waiting + bytes > maxWaitingBytes) {
      this.#dropped += 1;
      return;
    }
    this.#lines.push(line);
    this.#waiting += bytes;
    if (!this.#busy) {
      this.#next();
    }
  }

  /** Waits until all lines are written or dropped, at most so many milliseconds. */
  async flush(ms: number): Promise<void> {
    if (this.#busy) {
      await Promise.race([once(this, 'idle'), sleep(ms)]);
    }
  }

  #next(): void {
    if (this.#chunk.length === 0 && this.#lines.length > 0) {
      this.#chunk = Buffer.from((this.#cut ? '\n' : '') + this.#lines.join(''));
      this.#lines = [];
      this.#waiting = this.#chunk.length;
    }
    this.#busy = this.#chunk.length > 0;
    if (this.#busy) {
      this.#target.write(this.#chunk, (error, written = 0) => this.#written(error, written));
    } else {
      this.emit('idle');
    }
  }

  #written(error: NodeJS.ErrnoException | null, written: number): void {
    if (written > 0) {
      this.#cut = this.#chunk[written - 1] !== newline;
      this.#shorten(written);
    }
    if (error?.code === 'EAGAIN') {
      setTimeout(() => this.#next(), retryMs);
      return;
    }
    if (error) {
      this.#dropped += this.#chunk.filter((byte) => byte === newline).length;
      this.#shorten(this.#chunk.length);
    } else if (this.#dropped > this.#reported) {
      const lines = this.#dropped - this.#reported;
      this.#reported = this.#dropped;
      this.onRecovery(lines);
    }
    this.#next();
  }

  #shorten(bytes: number): void {
    this.#chunk = this.#chunk.subarray(bytes);
    this.#waiting -= bytes;
  }

  /** process.exit() lets a write that has begun finish, but begins no other. */
  #writeRest(): void {
    if (this.#target.fd !== undefined && this.#lines.length > 0) {
      try {
        writeSync(this.#target.fd, this.#lines.join(''));
      } catch {
        // Full or closed. There is no one left to tell.
      }
    }
  }
}

let opened: LineWriter | undefined;

/** The standard output of this process, as lines. */
export function standardOutput(): LineWriter {
  opened ??= new LineWriter(openTarget());
  return opened;
}

function openTarget(): Target {
  const kind = fstatSync(1);
  const isTerminal = isatty(1);
  if (kind.isFile() || (kind.isCharacterDevice() && !isTerminal)) {
    return descriptor(1);
  }
  if (kind.isFIFO() || isTerminal) {
    try {
      // Opened once more, because O_NONBLOCK would otherwise apply to all processes that share it, and Node restores
      // the flag for all of them when one ends. Without it, a full pipe or a terminal after Ctrl-S blocks a thread,
      // which process.exit() waits for.
      const { O_WRONLY, O_NONBLOCK, O_NOCTTY } = constants;
      return descriptor(openSync('/proc/self/fd/1', O_WRONLY | O_NONBLOCK | O_NOCTTY));
    } catch {
      // Not Linux, or another user's.
    }
  }
  const { stdout } = process;
  // Each failed write is reported to its callback, too.
  stdout.on('error', () => undefined);
  return {
    write: (chunk, done) =>
      void stdout.write(chunk, (error) => done(error ?? null, error ? 0 : chunk.length)),
  };
}

function descriptor(fd: number): Target {
  return { fd, write: (chunk, done) => write(fd, chunk, done) };
}
