/** How tiles fill the stage. */

export interface TileLayout {
  readonly columns: number;
  readonly rows: number;
  /** Of each tile, in CSS pixels. */
  readonly width: number;
  readonly height: number;
}

/** A camera's. */
const pictureAspect = 16 / 9;

/** The proportions (width / height) that a tile may have. Its picture is cropped to them. */
export interface AspectRange {
  readonly narrowest: number;
  readonly widest: number;
}

/**
 * People are cropped less where there is room beside them than on an upright phone, whose own camera is upright as
 * well: nine tenths of a picture's width are in sight, so also who sits at its edge.
 */
export function personAspect(width: number, height: number): AspectRange {
  return { narrowest: width > height ? 0.9 * pictureAspect : 0.8, widest: pictureAspect };
}

/**
 * The grid in which most of everybody's picture is seen.
 *
 * @param count - how many tiles
 * @param width - of the stage, in CSS pixels
 * @param height - of the stage, in CSS pixels
 * @param gap - between two tiles, in CSS pixels
 * @param aspect - the proportions that a tile may have
 */
export function layout(
  count: number,
  width: number,
  height: number,
  gap: number,
  aspect: AspectRange = personAspect(width, height),
): TileLayout {
  let best: TileLayout = { columns: 1, rows: Math.max(count, 1), width: 0, height: 0 };
  let bestScore = -1;
  for (let columns = 1; columns <= count; columns += 1) {
    const rows = Math.ceil(count / columns);
    const cell = {
      width: (width - gap * (columns - 1)) / columns,
      height: (height - gap * (rows - 1)) / rows,
    };
    if (cell.width <= 0 || cell.height <= 0) {
      continue;
    }
    const tile = fit(cell, aspect);
    const proportion = tile.width / tile.height;
    const seen = Math.min(proportion / pictureAspect, pictureAspect / proportion);
    // Cropping costs less than emptiness does: the middle of a picture is what matters.
    const score = tile.width * tile.height * seen ** 0.25;
    if (score > bestScore) {
      bestScore = score;
      best = { columns, rows, width: Math.floor(tile.width), height: Math.floor(tile.height) };
    }
  }
  return best;
}

function fit(cell: { width: number; height: number }, { narrowest, widest }: AspectRange) {
  const proportion = cell.width / cell.height;
  if (proportion > widest) {
    return { width: cell.height * widest, height: cell.height };
  }
  if (proportion < narrowest) {
    return { width: cell.width, height: cell.width / narrowest };
  }
  return cell;
}
