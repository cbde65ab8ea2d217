/** How a tile is shown. */
export interface TileView {
  /** CSS pixels. */
  readonly width: number;
  readonly height: number;
  /** false: the page is hidden, or the tile is scrolled out of view. */
  readonly visible: boolean;
}

/** Lines that the top layer has at least, where it is sent (encodings.ts). For each layer below, half as many as for the next. */
const topLayerLines = 720;
/** A higher pixel ratio makes no visible difference in video. */
const maxPixelRatio = 2;
/** How much a layer may be upscaled before the next one is worth its bitrate. */
const maxUpscale = 1.25;
/** A layer is kept until the tile is clearly too small for it. */
const hysteresis = 0.85;

/**
 * The spatial layer that a tile needs.
 *
 * @param pixelRatio - device pixels for each CSS pixel (`window.devicePixelRatio`)
 * @param layerCount - how many spatial layers the consumer has
 * @param current - the layer chosen before
 * @returns a spatial layer, from 0
 */
export function chooseSpatialLayer(
  view: TileView,
  pixelRatio: number,
  layerCount: number,
  current?: number,
): number {
  // The video covers its tile, so the longer side, measured in 16:9, decides.
  const lines = Math.max(view.height, (view.width * 9) / 16) * Math.min(pixelRatio, maxPixelRatio);
  const enough = (layer: number, margin: number) =>
    lines <= (topLayerLines / 2 ** (layerCount - 1 - layer)) * maxUpscale * margin;
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
  return Math.min(current, smallest(hysteresis));
}
