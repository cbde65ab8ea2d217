import mermaidUrl from '@mermaid-js/tiny/dist/mermaid.tiny.js?url';
import { diagramClass } from './render.ts';

/** What of Mermaid is used here; its tiny build brings no types. */
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
 * Draws every diagram below an element, and again when the colour scheme changes. Mermaid is fetched only when there
 * is something to draw: it is larger than all the rest.
 *
 * @throws when Mermaid can't be fetched; what is no valid diagram stands there as text, with the error
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
      // A lifeline that a message crosses would run through its words.
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

/** On a phone. Mermaid's own distances are for a page that is wide. */
const closeTogether = {
  sequence: {
    ...wideApart.sequence,
    wrap: true,
    // An address with its port, unbroken.
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

/** A flowchart from left to right may be narrower from top to bottom: then it is drawn so. */
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

/** A flowchart's first box may be anywhere: what is too wide is scrolled there. */
function showBeginning(figure: HTMLElement): void {
  const first = figure.querySelector('.node')?.getBoundingClientRect();
  if (!first) {
    return;
  }
  const frame = figure.getBoundingClientRect();
  figure.scrollLeft += first.left + first.width / 2 - (frame.left + frame.width / 2);
}

/** The app's colours, resolved for the scheme that is on. */
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
        reject(new Error('Mermaid is not there'));
      }
    });
    script.addEventListener('error', () => reject(new Error('Mermaid could not be fetched')));
    document.head.append(script);
  });
}
