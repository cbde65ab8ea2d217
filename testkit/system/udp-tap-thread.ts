import { once } from 'node:events';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { UdpTap } from './udp-tap.ts';

/**
 * A UdpTap in a thread of its own, where a test keeps its own event loop busy: media that passes through it would
 * wait there, and show the test's hiccups as the server's.
 */
export class UdpTapThread {
  readonly #thread: Worker;

  private constructor(thread: Worker) {
    this.#thread = thread;
  }

  /** @param port - the server's, at 127.0.0.1 */
  static async open(port: number): Promise<UdpTapThread> {
    const thread = new Worker(new URL(import.meta.url), { workerData: port });
    await once(thread, 'message');
    return new UdpTapThread(thread);
  }

  /** Sends something as if each browser had sent it. */
  forge(bytes: Buffer): void {
    this.#thread.postMessage(bytes);
  }

  async close(): Promise<void> {
    await this.#thread.terminate();
  }
}

if (!isMainThread && typeof workerData === 'number') {
  const tap = await UdpTap.open(workerData);
  parentPort?.on('message', (bytes: Uint8Array) => void tap.forge(Buffer.from(bytes)));
  parentPort?.postMessage('open');
}
