/** Which simulcast layer a tile needs, by its size on the screen. */

/** A tile as it is shown: CSS pixels. */
export interface TileView {
  readonly width: number;
  readonly height: number;
  /** false: hidden or scrolled away. */
  readonly visible: boolean;
}

/** The camera's 720 lines, halved once for each layer below the top one. */
const topLines = 720;
/** More device pixels than this for each CSS pixel nobody sees in a moving picture. */
const mostPixelRatio = 2;
/** A picture may be enlarged by this much before the next layer is worth its bits. */
const enlargement = 1.25;
/** And once chosen, a layer is kept until the tile is clearly smaller. */
const reluctance = 0.85;

/**
 * @param view - the tile's size
 * @param pixelRatio - device pixels for each CSS pixel (`window.devicePixelRatio`)
 * @param layerCount - how many spatial layers the consumer has
 * @param current - the layer chosen before, for hysteresis
 * @returns a spatial layer, from 0
 */
export function chooseSpatialLayer(
  view: TileView,
  pixelRatio: number,
  layerCount: number,
  current?: number,
): number {
  // The picture covers its tile: the longer side, measured in 16:9, decides.
  const lines = Math.max(view.height, (view.width * 9) / 16) * Math.min(pixelRatio, mostPixelRatio);
  const enough = (layer: number, margin: number) =>
    lines <= (topLines / 2 ** (layerCount - 1 - layer)) * enlargement * margin;
  const smallest = (margin: number) => {
    for (let layer = 0; layer < layerCount - 1; layer += 1) {
      if (enough(layer, margin)) {
        return layer;
      }
    }
    return Math.max(0, layerCount - 1);
  };
  const ideal = smallest(1);
  if (current === undefined || ideal >= current) {
    return ideal;
  }
  return Math.min(current, smallest(reluctance));
}
