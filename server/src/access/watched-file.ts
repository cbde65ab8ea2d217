import { readFileSync, type Stats, statSync } from 'node:fs';
import { StartError } from '../config/start-error.ts';
import type { Logger } from '../telemetry/log.ts';

/** Bytes. Keeps a wrong file, such as a disk image, out of memory. */
const maxSize = 1024 * 1024;

/**
 * A file that is read again when it has changed, so that keys are rotated without a restart. It does not use fs.watch,
 * which sees no changes on network file systems and misses a replaced symbolic link, which is how Kubernetes updates
 * a mounted secret.
 */
export class WatchedFile<T> {
  readonly #path: string;
  readonly #parse: (text: string) => T;
  readonly #log: Logger;
  #fingerprint: string;
  #value: T;

  /**
   * @param setting - the environment variable that names the file, for messages
   * @param parse - throws an Error whose message says what is expected and quotes nothing of the content
   * @throws StartError when the file can't be read or parsed
   */
  constructor(path: string, setting: string, parse: (text: string) => T, log: Logger) {
    this.#path = path;
    this.#parse = parse;
    this.#log = log.child({ setting, path });
    try {
      this.#fingerprint = fingerprintOf(path);
      this.#value = this.#read();
    } catch (error) {
      throw new StartError(`  ${setting}=${path}: ${messageOf(error)}`);
    }
  }

  /** The parsed content. While the file can't be read or parsed, its last good content. */
  get value(): T {
    let fingerprint: string;
    try {
      fingerprint = fingerprintOf(this.#path);
    } catch (error) {
      fingerprint = messageOf(error);
    }
    if (fingerprint === this.#fingerprint) {
      return this.#value;
    }
    // Before reading: a wrong file is logged once, not at each token.
    this.#fingerprint = fingerprint;
    try {
      this.#value = this.#read();
      this.#log.info('keys reloaded');
    } catch (error) {
      this.#log.error(
        { error: messageOf(error) },
        'failed to reload keys; keeping the previous ones',
      );
    }
    return this.#value;
  }

  #read(): T {
    return this.#parse(readFileSync(this.#path, 'utf8'));
  }
}

/**
 * @returns a text that changes with the file's content
 * @throws when there is no such file, or it is too large to be one of settings
 */
export function fingerprintOf(path: string): string {
  const stat: Stats = statSync(path);
  if (!stat.isFile()) {
    throw new Error('expected a file');
  }
  if (stat.size > maxSize) {
    throw new Error(`expected at most ${maxSize} bytes`);
  }
  return `${stat.dev}:${stat.ino}:${stat.size}:${stat.mtimeMs}:${stat.ctimeMs}`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
