/**
 * How video is encoded, by the real size of its track (W3C webrtc, RTCRtpEncodingParameters). A sender keeps the number
 * of encodings that it began with, so a small source deactivates those that it doesn't need.
 */

/** The part of a track's settings that matters; a member is missing where the browser doesn't tell it yet. */
export type VideoSize = Pick<MediaTrackSettings, 'width' | 'height'>;

export interface VideoEncoding {
  readonly active: boolean;
  /** From 1. */
  readonly scaleResolutionDownBy: number;
  /** bit/s */
  readonly maxBitrate: number;
  readonly maxFramerate: number;
  /** W3C webrtc-svc */
  readonly scalabilityMode?: string;
}

const cameraLayers = 3;
/** Lines of the top layer. More make no visible difference in a tile, and cost each receiver its CPU. */
const maxCameraLines = 1080;
/**
 * Lines (of the shorter side) that each number of layers takes, so that the lowest layer has at least 180. Chromium drops
 * the last encodings of a source with fewer than 960x540 pixels, and of one with fewer than 480x270 all but the first.
 */
const linesForTwoLayers = 360;
const linesForThreeLayers = 720;

/** Until the browser tells the size: what the camera was asked for. */
const assumedSize = { width: 1280, height: 720 };

/** Four times the pixels take about three times the bitrate. */
function bitrateFor(pixels: number, bitrateOf720p: number): number {
  return Math.round(bitrateOf720p * (pixels / (1280 * 720)) ** 0.8);
}

function sizeOf({ width, height }: VideoSize): { lines: number; pixels: number } {
  const size = width && height ? { width, height } : assumedSize;
  return { lines: Math.min(size.width, size.height), pixels: size.width * size.height };
}

/**
 * Always three encodings. The active ones come first, each with half as many lines as the next; the last active one has
 * all lines of the source, up to 1080.
 */
export function cameraEncodings(settings: VideoSize): VideoEncoding[] {
  const { lines, pixels } = sizeOf(settings);
  const top = Math.max(1, lines / maxCameraLines);
  const layers = lines >= linesForThreeLayers ? 3 : lines >= linesForTwoLayers ? 2 : 1;
  return Array.from({ length: cameraLayers }, (_, layer) => {
    const scale = top * 2 ** Math.max(0, layers - 1 - layer);
    return {
      active: layer < layers,
      scaleResolutionDownBy: scale,
      maxBitrate: bitrateFor(pixels / scale ** 2, 1_500_000),
      maxFramerate: 30,
      scalabilityMode: 'L1T3',
    };
  });
}

/** One encoding with every pixel, because text has to stay sharp. Larger screens get more bits and fewer frames. */
export function screenEncodings(settings: VideoSize): VideoEncoding[] {
  const { pixels } = sizeOf(settings);
  const fullHd = 1920 * 1080;
  return [
    {
      active: true,
      scaleResolutionDownBy: 1,
      maxBitrate: Math.min(6_000_000, Math.max(1_000_000, bitrateFor(pixels, 1_500_000))),
      maxFramerate: pixels > fullHd ? 15 : 30,
    },
  ];
}
