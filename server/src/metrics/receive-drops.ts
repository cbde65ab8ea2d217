import type { KernelSocketRow } from '../net/udp-sockets.ts';

/** How often a socket may be missing before it counts as closed: the kernel leaves one out now and then. */
const mostMisses = 3;

interface Seen {
  drops: number;
  misses: number;
}

/** Adds up what sockets that come and go have had no room for. */
export class ReceiveDrops {
  /** By inode: as many as are open, and those that closed lately. */
  readonly #seen = new Map<number, Seen>();
  #total = 0;

  /** Datagrams lost so far. Those of a socket's last moments are not in it: it can't be asked any more. */
  get total(): number {
    return this.#total;
  }

  /** @param sockets - those that are open */
  update(sockets: KernelSocketRow[]): void {
    for (const [inode, seen] of this.#seen) {
      seen.misses += 1;
      if (seen.misses > mostMisses) {
        this.#seen.delete(inode);
      }
    }
    for (const { inode, drops } of sockets) {
      const before = this.#seen.get(inode)?.drops ?? 0;
      // Fewer than before: another socket has got the inode.
      this.#total += drops < before ? drops : drops - before;
      this.#seen.set(inode, { drops, misses: 0 });
    }
  }
}
