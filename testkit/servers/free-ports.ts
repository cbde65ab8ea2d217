import { randomInt } from 'node:crypto';
import { tryBind } from '../../server/src/ports/bind-check.ts';

/**
 * Finds ports that nobody has at 127.0.0.1, for UDP and TCP, below the kernel's ephemeral ones.
 *
 * @param count - how many in a row
 * @returns the first
 */
export async function freePorts(count: number): Promise<number> {
  for (let attempt = 0; attempt < 50; attempt++) {
    const first = randomInt(10_000, 32_000 - count);
    const ports = Array.from({ length: count }, (_, i) => first + i);
    const taken = await Promise.all(
      ports.flatMap((port) => [
        tryBind('tcp', '127.0.0.1', port),
        tryBind('udp', '127.0.0.1', port),
      ]),
    );
    if (!taken.some(Boolean)) {
      return first;
    }
  }
  throw new Error(`no ${count} free ports in a row`);
}

/** @returns a port below 1024 that nobody has at 127.0.0.1, for UDP and TCP; takes the right to bind one */
export async function freeLowPort(): Promise<number> {
  for (let port = 1023; port > 500; port--) {
    const taken = await Promise.all([
      tryBind('tcp', '127.0.0.1', port),
      tryBind('udp', '127.0.0.1', port),
    ]);
    if (!taken.some(Boolean)) {
      return port;
    }
  }
  throw new Error('no free port below 1024');
}
