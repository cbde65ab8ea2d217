import type { KernelSocketRow } from '../net/udp-sockets.ts';

/** A socket that is missing more often is closed: the kernel occasionally leaves an open one out. */
const maxMisses = 3;

interface Seen {
  drops: number;
  misses: number;
}

/** Adds up the datagrams that sockets dropped because their receive buffers were full, also of closed sockets. */
export class ReceiveDrops {
  /** By inode. */
  readonly #seen = new Map<number, Seen>();
  #total = 0;

  /** Datagrams dropped so far, without those between a socket's last update and its end. */
  get total(): number {
    return this.#total;
  }

  /** @param sockets - all that are open */
  update(sockets: KernelSocketRow[]): void {
    for (const [inode, seen] of this.#seen) {
      seen.misses += 1;
      if (seen.misses > maxMisses) {
        this.#seen.delete(inode);
      }
    }
    for (const { inode, drops } of sockets) {
      const before = this.#seen.get(inode)?.drops ?? 0;
      // Fewer than before: the inode belongs to a new socket.
      this.#total += drops < before ? drops : drops - before;
      this.#seen.set(inode, { drops, misses: 0 });
    }
  }
}
