/** Where the picture's columns stand in the width that there is. Pure: no pixels are drawn here. */
import { type Column, columns } from './diagram-layout.ts';

/** What the columns need, in CSS pixels, from left to right, and what is between two of them. */
interface Widths {
  columns: Record<Column, number>;
  gap: number;
}

/** On a phone: 15 characters of an address, each line of which has 10 px. */
const phone: Widths = {
  columns: { client: 95, port: 41, known: 47, worker: 24, transport: 41, room: 41 },
  gap: 12,
};

/** Where everything has its line: an IPv4 address with its port, too. */
const desk: Widths = {
  columns: { client: 178, port: 96, known: 162, worker: 88, transport: 136, room: 120 },
  gap: 44,
};

/** The picture is never narrower, in CSS pixels: then it scrolls. */
export const narrowest = sum(phone);
const widest = sum(desk);

/** How the picture is drawn. One of its units is a CSS pixel, until it is wider than it has to be: then it grows. */
export interface Columns {
  width: number;
  /** Left and right edge of each column. */
  x: Record<Column, readonly [left: number, right: number]>;
  /** What doesn't fit into a line has two of them. */
  stacked: boolean;
  /** Letters are small, and so is everything else. */
  small: boolean;
}

/** @param available - in CSS pixels; 0: not known yet */
export function columnsIn(available: number): Columns {
  const width = Math.round(Math.min(Math.max(available || widest, narrowest), widest));
  const share = (width - narrowest) / (widest - narrowest);
  const between = (from: number, to: number) => from + share * (to - from);
  const gap = between(phone.gap, desk.gap);
  let left = 0;
  const edges = columns.map((column) => {
    const right = left + between(phone.columns[column], desk.columns[column]);
    const edge = [column, [left, right]] as const;
    left = right + gap;
    return edge;
  });
  return {
    width,
    x: Object.fromEntries(edges) as Columns['x'],
    stacked: width < 0.9 * widest,
    small: width < 0.55 * widest,
  };
}

function sum({ columns, gap }: Widths): number {
  const widths = Object.values(columns);
  return widths.reduce((total, width) => total + width, gap * (widths.length - 1));
}

/**
 * A text in the lines that it needs, at most two.
 *
 * @param parts - where a line may end; what is one part is cut where the line is full
 * @param most - characters that a line has room for
 */
export function linesOf(parts: string[], most: number, stacked: boolean): string[] {
  const whole = parts.join('');
  if (!stacked || whole.length <= most) {
    return [cut(whole, most)];
  }
  const [first = '', second = ''] =
    parts.length > 1 ? parts : [whole.slice(0, most), whole.slice(most)];
  return [cut(first, most), cut(second, most)];
}

/** SVG doesn't cut texts by itself. */
function cut(text: string, most: number): string {
  const whole = text.trim();
  return whole.length <= most ? whole : `${whole.slice(0, most - 1)}…`;
}
