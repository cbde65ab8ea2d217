/** How two subjects compare that were measured in turns. */

/** @throws TypeError when there are none */
export function median(numbers: number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
  if (low === undefined || high === undefined) {
    throw new TypeError('nothing was measured');
  }
  return (low + high) / 2;
}

/**
 * @param values - of each round
 * @param base - what they are compared with, of the same rounds
 * @returns the median of the rounds' ratios, and the range of the middle half: `0.991 (0.980 to 1.010)`
 */
export function ratioText(values: number[], base: number[]): string {
  const ratios = values.map((value, round) => value / (base[round] ?? Number.NaN));
  const sorted = ratios.toSorted((a, b) => a - b);
  const quartiles = [0.25, 0.75].map((q) => sorted[Math.floor(q * sorted.length)]?.toFixed(3));
  return `${median(ratios).toFixed(3)} (${quartiles.join(' to ')})`;
}
