import { readFileSync, type Stats, statSync } from 'node:fs';
import { StartError } from '../config/start-error.ts';
import type { Logger } from '../telemetry/log.ts';

/** The largest that keys may be: a file of another kind isn't read into memory. */
const largest = 1024 * 1024;

/**
 * A file whose content is looked at anew when it has changed: so keys are rotated without a restart. (Not
 * fs.watch: it sees nothing on network file systems, and misses a symbolic link that comes to point elsewhere, which
 * is how Kubernetes changes a mounted secret.)
 */
export class WatchedFile<T> {
  readonly #path: string;
  readonly #parse: (text: string) => T;
  readonly #log: Logger;
  #seen: string;
  #value: T;

  /**
   * @param path - the file, or a link to it
   * @param setting - the variable that names it, for messages
   * @param parse - throws an Error whose message says what is expected, and nothing of the content
   * @throws StartError when it can't be read or parsed
   */
  constructor(path: string, setting: string, parse: (text: string) => T, log: Logger) {
    this.#path = path;
    this.#parse = parse;
    this.#log = log.child({ setting, path });
    try {
      this.#seen = this.#look();
      this.#value = this.#read();
    } catch (error) {
      throw new StartError(`  ${setting}=${path}: ${messageOf(error)}`);
    }
  }

  /** What it holds now. While it can't be read or parsed: what it held before. */
  get value(): T {
    let seen: string;
    try {
      seen = this.#look();
    } catch (error) {
      seen = messageOf(error);
    }
    if (seen === this.#seen) {
      return this.#value;
    }
    // Remembered first: a wrong file is complained of once, not at each token.
    this.#seen = seen;
    try {
      this.#value = this.#read();
      this.#log.info('keys read anew');
    } catch (error) {
      this.#log.error({ error: messageOf(error) }, 'keys not read: those from before stay');
    }
    return this.#value;
  }

  /** What tells one content from the next. */
  #look(): string {
    const stat: Stats = statSync(this.#path);
    if (!stat.isFile()) {
      throw new Error('expected a file');
    }
    if (stat.size > largest) {
      throw new Error(`expected at most ${largest} bytes`);
    }
    return `${stat.dev}:${stat.ino}:${stat.size}:${stat.mtimeMs}:${stat.ctimeMs}`;
  }

  #read(): T {
    return this.#parse(readFileSync(this.#path, 'utf8'));
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
