import { formatNumber } from './format.ts';
import { escapeXml, seriesClass, svg } from './svg.ts';

export interface Line {
  readonly name: string;
  /** Ascending by x, both above zero. */
  readonly points: readonly { readonly x: number; readonly y: number }[];
}

const [width, height] = [760, 330];
const area = { left: 70, right: 150, top: 16, bottom: 44 };
const marker = 3.5;

/**
 * Lines on two logarithmic axes, because what grows with the number of peers spans decades.
 *
 * @param title - read aloud instead of the picture
 * @param xTitle - below the horizontal axis
 * @param yTitle - above the vertical axis
 * @throws RangeError when a value is zero or less
 */
export function lineChart(
  title: string,
  xTitle: string,
  yTitle: string,
  lines: readonly Line[],
): string {
  const points = lines.flatMap((line) => line.points);
  if (points.some(({ x, y }) => !(x > 0 && y > 0))) {
    throw new RangeError('a logarithmic axis shows values above zero only');
  }
  const xScale = scale(
    points.map(({ x }) => x),
    area.left,
    width - area.right,
  );
  const yScale = scale(
    points.map(({ y }) => y),
    height - area.bottom,
    area.top + 10,
  );
  const bottom = height - area.bottom;
  const ticks = [...new Set(points.map(({ x }) => x))].map(
    (x) =>
      `<text x="${xScale.at(x)}" y="${bottom + 18}" text-anchor="middle">${formatNumber(x)}</text>`,
  );
  const grid = yScale.decades.map(
    (y) =>
      `<path class="axis" stroke-opacity="0.3" d="M${area.left} ${yScale.at(y)}H${width - area.right}"/><text x="${area.left - 8}" y="${yScale.at(y) + 4}" text-anchor="end">${formatNumber(y)}</text>`,
  );
  return svg(title, width, height, [
    `<text class="heading" x="0" y="14">${escapeXml(yTitle)}</text>`,
    `<path class="axis" d="M${area.left} ${area.top}V${bottom}H${width - area.right}"/>`,
    ...grid,
    ...ticks,
    `<text x="${(area.left + width - area.right) / 2}" y="${height - 6}" text-anchor="middle">${escapeXml(xTitle)}</text>`,
    ...spread(lines.map(({ points }) => yScale.at(points.at(-1)?.y ?? 1))).flatMap((labelY, i) => {
      const line = lines[i];
      if (!line) {
        return [];
      }
      const path = line.points.map(({ x, y }) => `${xScale.at(x)} ${yScale.at(y)}`).join('L');
      return [
        `<path class="line ${seriesClass(i)}" style="fill:none" d="M${path}"/>`,
        ...line.points.map(
          ({ x, y }) =>
            `<circle class="${seriesClass(i)}" cx="${xScale.at(x)}" cy="${yScale.at(y)}" r="${marker}"/>`,
        ),
        `<text x="${width - area.right + 8}" y="${labelY + 4}">${escapeXml(line.name)}</text>`,
      ];
    }),
  ]);
}

function scale(values: readonly number[], from: number, to: number) {
  const low = Math.log10(Math.min(...values));
  const high = Math.log10(Math.max(...values));
  const first = Math.floor(low);
  const decades = Array.from({ length: Math.ceil(high) - first + 1 }, (_, i) => 10 ** (first + i));
  const span = Math.max(high - low, 0.01);
  return {
    at: (value: number) => Math.round(from + ((to - from) * (Math.log10(value) - low)) / span),
    decades: decades.filter((one) => Math.log10(one) >= low && Math.log10(one) <= high),
  };
}

/** Moves labels that would cover each other apart. */
function spread(ys: readonly number[]): number[] {
  const order = ys.map((y, i) => ({ y, i })).sort((a, b) => a.y - b.y);
  const moved = [...ys];
  let next = -Infinity;
  for (const { y, i } of order) {
    next = Math.max(y, next + 15);
    moved[i] = next;
  }
  return moved;
}
