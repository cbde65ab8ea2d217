/** A grid of equal tiles. */
export interface TileLayout {
  readonly columns: number;
  readonly rows: number;
  /** Of each tile, in CSS pixels. */
  readonly width: number;
  /** Of each tile, in CSS pixels. */
  readonly height: number;
}

const cameraAspect = 16 / 9;

/** The aspect ratios (width / height) that a tile may have. Its video is cropped to them. */
export interface AspectRange {
  readonly narrowest: number;
  readonly widest: number;
}

/**
 * On a wide stage at least nine tenths of a camera's width stay visible, and with them people at its edge. On an
 * upright phone tiles may be upright, like the phone's own camera.
 */
function peerAspect(width: number, height: number): AspectRange {
  return { narrowest: width > height ? 0.9 * cameraAspect : 0.8, widest: cameraAspect };
}

/**
 * The grid that shows the most of all videos.
 *
 * @param count - how many tiles
 * @param width - of the stage, in CSS pixels
 * @param height - of the stage, in CSS pixels
 * @param gap - between two tiles, in CSS pixels
 * @param aspect - the aspect ratios that a tile may have
 */
export function layout(
  count: number,
  width: number,
  height: number,
  gap: number,
  aspect: AspectRange = peerAspect(width, height),
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
    const ratio = tile.width / tile.height;
    const visible = Math.min(ratio / cameraAspect, cameraAspect / ratio);
    // Cropping is better than empty space, because the middle of a video matters most.
    const score = tile.width * tile.height * visible ** 0.25;
    if (score > bestScore) {
      bestScore = score;
      best = { columns, rows, width: Math.floor(tile.width), height: Math.floor(tile.height) };
    }
  }
  return best;
}

function fit(cell: { width: number; height: number }, { narrowest, widest }: AspectRange) {
  const ratio = cell.width / cell.height;
  if (ratio > widest) {
    return { width: cell.height * widest, height: cell.height };
  }
  if (ratio < narrowest) {
    return { width: cell.width, height: cell.width / narrowest };
  }
  return cell;
}
