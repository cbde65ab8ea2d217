/** The upper end of the first bucket, in ms. Each further bucket reaches 2 % further. */
const firstMs = 0.01;
const growth = 1.02;
/** Up to 100 s; longer times count there. */
const buckets = 816;

/** Times in ms, by buckets of 2 %. Plain numbers, so that processes can send it to each other. */
export class Histogram {
  readonly counts: Float64Array;

  /** @param counts - of a histogram from another process */
  constructor(counts: Float64Array = new Float64Array(buckets)) {
    this.counts = counts;
  }

  /** @param ms - below zero counts as zero */
  record(ms: number): void {
    const at = ms <= firstMs ? 0 : Math.ceil(Math.log(ms / firstMs) / Math.log(growth));
    const bucket = Math.min(at, buckets - 1);
    this.counts[bucket] = (this.counts[bucket] ?? 0) + 1;
  }

  add({ counts }: Histogram): void {
    for (const [bucket, count] of counts.entries()) {
      this.counts[bucket] = (this.counts[bucket] ?? 0) + count;
    }
  }

  /**
   * The time that a share of all times does not exceed.
   *
   * @param share - 0 to 1; 1 for the longest
   * @returns ms, at most 2 % too long; undefined when nothing was recorded
   */
  quantile(share: number): number | undefined {
    const total = this.counts.reduce((sum, count) => sum + count, 0);
    let below = 0;
    for (const [bucket, count] of this.counts.entries()) {
      below += count;
      if (count > 0 && below >= share * total) {
        return firstMs * growth ** bucket;
      }
    }
    return undefined;
  }
}
