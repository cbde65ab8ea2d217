/** Numbers as the report prints them. */

/** Three significant digits, and all digits of whole numbers: `0.0123`, `9.81`, `12,345`. */
export function formatNumber(value: number): string {
  if (Math.abs(value) >= 100) {
    return Math.round(value).toLocaleString('en-US');
  }
  return String(Number(value.toPrecision(3)));
}
