import { randomInt } from 'node:crypto';
import { tryBind } from '../../server/src/ports/bind-check.ts';

/**
 * Finds consecutive ports that are free at 127.0.0.1 for UDP and TCP, below the ephemeral ports.
 *
 * @returns the first of `count` ports
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
  throw new Error(`no ${count} consecutive free ports`);
}

/** Finds a port below 1024 that is free at 127.0.0.1 for UDP and TCP. Needs permission to bind one. */
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
