import { Marked } from 'marked';
import { gfmHeadingId } from 'marked-gfm-heading-id';
import { imageInApp, linkInApp } from './pages.ts';

/** The class of elements that hold a diagram's source until `drawDiagrams` replaces it. */
export const diagramClass = 'diagram';

/**
 * Renders a page the way GitHub does, with tables and heading ids. Mermaid diagrams become figures for `drawDiagrams`.
 * The output is not sanitized: pages come from the repository at build time.
 */
export function renderPage(markdown: string): string {
  const marked = new Marked(gfmHeadingId(), {
    renderer: {
      code({ text, lang }) {
        return lang === 'mermaid'
          ? `<figure class="${diagramClass}">${escaped(text)}</figure>\n`
          : false;
      },
      codespan({ text }) {
        // Names of settings and paths may end a line after these, so that narrow tables cut no word.
        return `<code>${escaped(text).replace(/[_/]/g, '$&<wbr>')}</code>`;
      },
      link({ href, title, tokens }) {
        const text = this.parser.parseInline(tokens);
        const link = linkInApp(href);
        if (link === undefined) {
          return /^[a-z]+:/i.test(href)
            ? text
            : `<span class="in-repository" title="${escaped(`in the repository: ${href}`)}">${text}</span>`;
        }
        return `<a href="${escaped(link)}"${title ? ` title="${escaped(title)}"` : ''}>${text}</a>`;
      },
      image({ href, text }) {
        return `<img src="${escaped(imageInApp(href) ?? href)}" alt="${escaped(text)}" />`;
      },
    },
  });
  return marked.parse(markdown, { async: false });
}

function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
