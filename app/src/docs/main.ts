/** The documentation reader: `/docs` lists the repository's pages, `/docs/<name>` shows one. */
import '../ui/common/base.css';
import './docs.css';
import { basePath } from '../page/base-path.ts';
import { drawDiagrams } from './diagrams.ts';
import { groupedPages, type Page, pages } from './pages.ts';
import { renderPage } from './render.ts';

const name = decodeURIComponent(location.pathname.replace(/^.*\/docs\/?/, ''));
const page = pages.find((one) => one.name === name);
const article = document.createElement('main');

if (page) {
  document.title = `${page.title} · oneport`;
  article.lang = page.lang;
  article.innerHTML = renderPage(page.markdown);
} else {
  article.innerHTML = '<h1></h1><p></p>';
  const [title, text] = [article.querySelector('h1'), article.querySelector('p')];
  if (title) {
    title.textContent = name === '' ? 'Documentation' : 'No such page';
  }
  if (text) {
    text.textContent = 'All pages about oneport:';
  }
  for (const group of groupedPages()) {
    const heading = document.createElement('h2');
    heading.textContent = group.title;
    article.append(heading, list(group.pages));
  }
}
// Wide blocks scroll on their own and show that they do.
for (const wide of article.querySelectorAll('pre, table, figure')) {
  wide.classList.add('scroll-hint');
}
document.body.append(header(), article);
// When the browser looked for the fragment, the page had no content yet.
const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
target?.scrollIntoView();
await drawDiagrams(article);
// The diagrams have changed the layout.
target?.scrollIntoView();
document.documentElement.dataset.ready = '';

function header(): HTMLElement {
  const nav = document.createElement('nav');
  const [all, call] = page?.lang === 'zh-CN' ? ['全部文档', '视频通话'] : ['All pages', 'The call'];
  nav.append(link(`${basePath}docs`, all), link(basePath, call));
  return nav;
}

function list(of: readonly Page[]): HTMLElement {
  const items = document.createElement('ul');
  for (const { name, title, lang } of of) {
    const item = document.createElement('li');
    const anchor = link(`${basePath}docs/${name}`, title);
    anchor.lang = lang;
    item.append(anchor);
    items.append(item);
  }
  return items;
}

function link(href: string, text: string): HTMLAnchorElement {
  const anchor = document.createElement('a');
  anchor.href = href;
  anchor.textContent = text;
  return anchor;
}
