import mermaidUrl from '@mermaid-js/tiny/dist/mermaid.tiny.js?url';
import { diagramClass } from './render.ts';

/** The part of Mermaid's API used here: its tiny build has no types. */
interface Mermaid {
  initialize(config: Record<string, unknown>): void;
  render(id: string, source: string): Promise<{ svg: string }>;
}

declare global {
  interface Window {
    mermaid?: Mermaid;
  }
}

/**
 * Draws every diagram below an element, and redraws when the colour scheme changes. Pages without diagrams don't load
 * Mermaid, which is larger than the rest of the reader. An invalid diagram is shown as text with its error.
 *
 * @throws Error when Mermaid can't be loaded
 */
export async function drawDiagrams(root: HTMLElement): Promise<void> {
  const figures = [...root.querySelectorAll<HTMLElement>(`.${diagramClass}`)];
  if (figures.length === 0) {
    return;
  }
  const sources = figures.map((figure) => figure.textContent ?? '');
  const mermaid = await loadMermaid();
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const draw = async () => {
    const narrow = matchMedia('(width < 40rem)').matches;
    mermaid.initialize({
      startOnLoad: false,
      securityLevel: 'strict',
      theme: 'base',
      themeVariables: themeOf(root),
      // Keeps lifelines from crossing the text of messages.
      themeCSS: '.messageText { paint-order: stroke; stroke: var(--surface); stroke-width: 0.4em }',
      ...(narrow ? closeTogether : wideApart),
    });
    for (const [n, figure] of figures.entries()) {
      try {
        const [id, source] = [`diagram-${n}`, sources[n] ?? ''];
        figure.innerHTML = narrow
          ? await drawNarrow(mermaid, id, source)
          : (await mermaid.render(id, source)).svg;
        const svg = figure.querySelector('svg');
        svg?.style.setProperty('--drawn-width', svg.style.maxWidth);
        showBeginning(figure);
      } catch (error) {
        figure.dataset.error = String(error);
        figure.textContent = `${String(error)}\n\n${sources[n]}`;
      }
    }
  };
  await draw();
  dark.addEventListener('change', () => void draw());
}

const wideApart = { sequence: { useMaxWidth: true, mirrorActors: false } };

/** For phones: Mermaid's default distances need a wide page. */
const closeTogether = {
  sequence: {
    ...wideApart.sequence,
    wrap: true,
    // Fits an address with its port on one line.
    width: 158,
    actorMargin: 8,
    diagramMarginX: 2,
    wrapPadding: 2,
    actorFontSize: 13,
    messageFontSize: 13,
    noteFontSize: 13,
  },
  flowchart: {
    nodeSpacing: 8,
    rankSpacing: 32,
    padding: 6,
    diagramPadding: 2,
    wrappingWidth: 100,
    subGraphTitleMargin: { top: 4, bottom: 14 },
  },
};

/** Draws a left-to-right flowchart top to bottom if that is narrower. */
async function drawNarrow(mermaid: Mermaid, id: string, source: string): Promise<string> {
  const { svg } = await mermaid.render(id, source);
  const turned = source.replace(/^flowchart LR$/m, 'flowchart TD');
  if (turned === source) {
    return svg;
  }
  const other = (await mermaid.render(id, turned)).svg;
  return widthOf(other) < widthOf(svg) ? other : svg;
}

function widthOf(svg: string): number {
  return Number(/viewBox="[-\d.]+ [-\d.]+ ([\d.]+)/.exec(svg)?.[1]);
}

/** Scrolls a diagram that is too wide to its first box, which may be anywhere. */
function showBeginning(figure: HTMLElement): void {
  const first = figure.querySelector('.node')?.getBoundingClientRect();
  if (!first) {
    return;
  }
  const frame = figure.getBoundingClientRect();
  figure.scrollLeft += first.left + first.width / 2 - (frame.left + frame.width / 2);
}

/** The app's colours in the active colour scheme. */
function themeOf(root: HTMLElement): Record<string, string> {
  const probe = document.createElement('span');
  root.append(probe);
  const color = (name: string) => {
    probe.style.color = `var(--${name})`;
    return getComputedStyle(probe).color;
  };
  const [text, line, box, group, note] = [
    color('text'),
    color('text-2'),
    color('surface-2'),
    color('bg'),
    color('warning-soft'),
  ];
  const surface = color('surface');
  probe.remove();
  return {
    fontFamily: getComputedStyle(root).fontFamily,
    background: surface,
    primaryColor: box,
    primaryTextColor: text,
    primaryBorderColor: line,
    lineColor: line,
    textColor: text,
    clusterBkg: group,
    clusterBorder: line,
    edgeLabelBackground: surface,
    noteBkgColor: note,
    noteTextColor: text,
    noteBorderColor: line,
    labelBoxBkgColor: box,
    signalTextColor: text,
  };
}

function loadMermaid(): Promise<Mermaid> {
  return new Promise((resolve, reject) => {
    const script = document.createElement('script');
    script.src = mermaidUrl;
    script.addEventListener('load', () => {
      if (window.mermaid) {
        resolve(window.mermaid);
      } else {
        reject(new Error('Mermaid loaded without defining window.mermaid'));
      }
    });
    script.addEventListener('error', () => reject(new Error('failed to load Mermaid')));
    document.head.append(script);
  });
}
