import { Marked } from 'marked';
import { gfmHeadingId } from 'marked-gfm-heading-id';
import { imageInApp, linkInApp } from './pages.ts';

/** The class of the element that holds a diagram's source, until `drawDiagrams` draws it. */
export const diagramClass = 'diagram';

/**
 * Turns a page into HTML as GitHub does: tables, headings' ids, Mermaid diagrams apart. The pages are the repository's
 * own, put in when the app is built, so they are trusted: nothing is cut out of them.
 *
 * @param markdown - the page's text
 */
export function renderPage(markdown: string): string {
  const marked = new Marked(gfmHeadingId(), {
    renderer: {
      code({ text, lang }) {
        return lang === 'mermaid'
          ? `<figure class="${diagramClass}">${escaped(text)}</figure>\n`
          : false;
      },
      link({ href, title, tokens }) {
        const text = this.parser.parseInline(tokens);
        const link = linkInApp(href);
        return link === undefined
          ? `<span class="in-repository" title="${escaped(`in the repository: ${href}`)}">${text}</span>`
          : `<a href="${escaped(link)}"${title ? ` title="${escaped(title)}"` : ''}>${text}</a>`;
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
