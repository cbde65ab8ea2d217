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
  if (figures.length === 0) return;
  const sources = figures.map((figure) => figure.textContent ?? '');
  const mermaid = await loadMermaid();
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const draw = async () => {
    mermaid.initialize({
      startOnLoad: false,
      securityLevel: 'strict',
      theme: 'base',
      themeVariables: themeOf(root),
      sequence: { useMaxWidth: true, mirrorActors: false },
    });
    for (const [n, figure] of figures.entries()) {
      try {
        figure.innerHTML = (await mermaid.render(`diagram-${n}`, sources[n] ?? '')).svg;
        const svg = figure.querySelector('svg');
        svg?.style.setProperty('--drawn-width', svg.style.maxWidth);
      } catch (error) {
        figure.dataset.error = String(error);
        figure.textContent = `${String(error)}\n\n${sources[n]}`;
      }
    }
  };
  await draw();
  dark.addEventListener('change', () => void draw());
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
      if (window.mermaid) resolve(window.mermaid);
      else reject(new Error('Mermaid is not there'));
    });
    script.addEventListener('error', () => reject(new Error('Mermaid could not be fetched')));
    document.head.append(script);
  });
}
