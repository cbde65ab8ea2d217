/** The frame of every chart: an SVG file that reads well on light and on dark pages, also inside <img>. */

/** By series; the second colour is for dark pages. */
const colours = [
  ['#0969da', '#4493f8'],
  ['#1a7f37', '#3fb950'],
  ['#9a6700', '#d29922'],
  ['#8250df', '#ab7df8'],
  ['#bf3989', '#db61a2'],
  ['#57606a', '#8b949e'],
] as const;

const series = (dark: 0 | 1) =>
  colours.map((pair, i) => `.s${i}{fill:${pair[dark]};stroke:${pair[dark]}}`).join('');

// The picture has no background of its own: it takes the page's. Colours follow the system's theme, as the docs do.
const style = `text{font:12px system-ui,sans-serif;fill:#1f2328}.heading{font-weight:600}.axis{stroke:#8b949e;fill:none}.range{stroke:#1f2328;fill:none}.line{fill:none;stroke-width:2}${series(0)}@media(prefers-color-scheme:dark){text{fill:#e6edf3}.range{stroke:#e6edf3}${series(1)}}`;

/** The class that colours a series. @param index - from 0 */
export function seriesClass(index: number): string {
  return `s${Math.max(0, index) % colours.length}`;
}

/**
 * @param title - read aloud instead of the picture
 * @param parts - SVG elements
 */
export function svg(
  title: string,
  width: number,
  height: number,
  parts: readonly string[],
): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>${escapeXml(title)}</title>`,
    `<style>${style}</style>`,
    ...parts,
    '</svg>',
    '',
  ].join('\n');
}

export function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
