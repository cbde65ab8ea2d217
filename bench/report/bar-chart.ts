import { formatNumber } from './format.ts';
import { escapeXml, seriesClass, svg } from './svg.ts';

export interface Bar {
  readonly name: string;
  readonly value: number;
  readonly min: number;
  readonly max: number;
}

/** Bars that belong together, such as the port modes in one scenario. */
export interface BarGroup {
  readonly title: string;
  readonly bars: readonly Bar[];
}

const width = 760;
const left = 160;
const right = 70;
const barHeight = 16;
const gap = 5;
const titleHeight = 26;
const top = 10;

/**
 * Horizontal bars with the range of all runs.
 *
 * @param title - read aloud instead of the picture
 * @param unit - after each value; may be empty
 * @param names - of the series, in the order of their colours
 */
export function barChart(
  title: string,
  unit: string,
  names: readonly string[],
  groups: readonly BarGroup[],
): string {
  const most = Math.max(...groups.flatMap(({ bars }) => bars.map(({ max }) => max)));
  const x = (value: number) => round(left + ((width - left - right) * value) / most);
  let y = top;
  const parts = groups.flatMap((group) => {
    y += titleHeight;
    const heading = `<text class="heading" x="0" y="${y - 8}">${escapeXml(group.title)}</text>`;
    const bars = group.bars.map((bar) => {
      const middle = y + barHeight / 2;
      const value = `${formatNumber(bar.value)}${unit && ` ${unit}`}`;
      const lines = [
        `<text x="${left - 8}" y="${middle + 4}" text-anchor="end">${escapeXml(bar.name)}</text>`,
        `<rect class="${seriesClass(names.indexOf(bar.name))}" x="${left}" y="${y}" width="${round(x(bar.value) - left)}" height="${barHeight}" rx="2"/>`,
        `<path class="range" d="M${x(bar.min)} ${middle}H${x(bar.max)}M${x(bar.min)} ${middle - 4}v8M${x(bar.max)} ${middle - 4}v8"/>`,
        `<text x="${round(x(bar.max) + 6)}" y="${middle + 4}">${escapeXml(value)}</text>`,
      ];
      y += barHeight + gap;
      return lines.join('\n');
    });
    return [heading, ...bars];
  });
  return svg(title, width, y + top, parts);
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
