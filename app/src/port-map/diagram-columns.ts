/** The horizontal layout of the diagram: its columns in the available width. */
import { type Column, columns } from './diagram-layout.ts';

/** CSS pixels. */
interface Widths {
  columns: Record<Column, number>;
  /** Between two columns. */
  gap: number;
}

/** On a phone, 15 characters of an address fit into a line of 10 px. */
const phone: Widths = {
  columns: { client: 95, port: 41, lookup: 47, worker: 24, transport: 41, room: 41 },
  gap: 12,
};

/** On a desktop, an IPv4 address with its port fits into one line. */
const desktop: Widths = {
  columns: { client: 178, port: 96, lookup: 162, worker: 88, transport: 136, room: 120 },
  gap: 44,
};

/** CSS pixels. In less width the diagram scrolls. */
export const minWidth = sum(phone);
const maxWidth = sum(desktop);

/** In units of the diagram. A unit is a CSS pixel, or more where the diagram is enlarged to the available width. */
export interface Columns {
  width: number;
  /** Left and right edge of each column. */
  x: Record<Column, readonly [left: number, right: number]>;
  /** Texts may take two lines. */
  stacked: boolean;
  /** Texts are small. */
  small: boolean;
}

/** @param available - CSS pixels; 0 if not known yet */
export function columnsIn(available: number): Columns {
  const width = Math.round(Math.min(Math.max(available || maxWidth, minWidth), maxWidth));
  const share = (width - minWidth) / (maxWidth - minWidth);
  const between = (from: number, to: number) => from + share * (to - from);
  const gap = between(phone.gap, desktop.gap);
  let left = 0;
  const edges = columns.map((column) => {
    const right = left + between(phone.columns[column], desktop.columns[column]);
    const edge = [column, [left, right]] as const;
    left = right + gap;
    return edge;
  });
  return {
    width,
    x: Object.fromEntries(edges) as Columns['x'],
    stacked: width < 0.9 * maxWidth,
    small: width < 0.55 * maxWidth,
  };
}

function sum({ columns, gap }: Widths): number {
  const widths = Object.values(columns);
  return widths.reduce((total, width) => total + width, gap * (widths.length - 1));
}

/**
 * Splits a text into one or two lines.
 *
 * @param parts - a line may end after each of them; a single part is split where the line is full
 * @param maxLength - characters per line
 */
export function linesOf(parts: string[], maxLength: number, stacked: boolean): string[] {
  const whole = parts.join('');
  if (!stacked || whole.length <= maxLength) {
    return [truncate(whole, maxLength)];
  }
  const [first = '', second = ''] =
    parts.length > 1 ? parts : [whole.slice(0, maxLength), whole.slice(maxLength)];
  return [truncate(first, maxLength), truncate(second, maxLength)];
}

/** SVG has no `text-overflow`. */
function truncate(text: string, maxLength: number): string {
  const whole = text.trim();
  return whole.length <= maxLength ? whole : `${whole.slice(0, maxLength - 1)}…`;
}
