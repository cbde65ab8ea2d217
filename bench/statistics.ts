/** @throws TypeError when there are no numbers */
export function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
  if (low === undefined || high === undefined) {
    throw new TypeError('nothing was measured');
  }
  return (low + high) / 2;
}

/** Several runs, as they are shown: their median and range. */
export interface Summary {
  median: number;
  min: number;
  max: number;
  runs: number;
}

/** @returns undefined when there are no numbers */
export function summaryOf(numbers: readonly number[]): Summary | undefined {
  if (numbers.length === 0) {
    return undefined;
  }
  return {
    median: median(numbers),
    min: Math.min(...numbers),
    max: Math.max(...numbers),
    runs: numbers.length,
  };
}

/**
 * Compares two subjects that were measured in turns, round by round, so that load on the machine that changes slowly
 * affects both alike.
 *
 * @param values - by round
 * @param base - those of the other subject
 * @returns the ratios' median and range; undefined when no round has both
 */
export function ratioOf(
  values: ReadonlyMap<number, number>,
  base: ReadonlyMap<number, number>,
): Summary | undefined {
  return summaryOf(
    [...values].flatMap(([round, value]) => {
      const other = base.get(round);
      return other === undefined || other === 0 ? [] : [value / other];
    }),
  );
}
