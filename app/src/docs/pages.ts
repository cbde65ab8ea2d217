import { basePath } from '../page/base-path.ts';

/** One of the repository's docs/*.md, embedded when the app is built. */
export interface Page {
  /** The file's name without `.md`; `/docs/<name>` shows it. */
  readonly name: string;
  /** Its first heading. */
  readonly title: string;
  readonly lang: 'en' | 'zh-CN';
  readonly markdown: string;
}

const files: Record<string, string> = import.meta.glob('../../../docs/*.md', {
  query: '?raw',
  import: 'default',
  eager: true,
});
const images: Record<string, string> = import.meta.glob('../../../docs/images/*', {
  query: '?url',
  import: 'default',
  eager: true,
});

/** Reading order; pages that are not listed follow by name. */
const first = [
  'from-many-ports-to-one',
  'choosing-a-port-mode',
  'single-port',
  'shared-port',
  'shared-port-operation',
  'port-reuse',
  'kernel-view',
];

/** Every page, in reading order. */
export const pages: readonly Page[] = Object.entries(files)
  .map(([path, markdown]) => {
    const name = path.replace(/^.*\/|\.md$/g, '');
    return {
      name,
      title: (/^# (.*)$/m.exec(markdown)?.[1] ?? name).replaceAll('`', ''),
      lang: name.endsWith('.zh-CN') ? ('zh-CN' as const) : ('en' as const),
      markdown,
    };
  })
  .sort((a, b) => rank(a.name) - rank(b.name) || a.name.localeCompare(b.name));

function rank(name: string): number {
  const place = first.indexOf(name.replace(/\.zh-CN$/, ''));
  return place === -1 ? first.length : place;
}

/**
 * Translates a page's link to the app's URL.
 *
 * @param href - relative to docs/, or absolute
 * @returns undefined for files that the app doesn't serve, such as `../server/src/main.ts`
 */
export function linkInApp(href: string): string | undefined {
  if (/^[a-z]+:/i.test(href) || href.startsWith('#')) {
    return href;
  }
  const [path = '', fragment] = href.split('#', 2);
  const name = /^([\w.-]+)\.md$/.exec(path)?.[1];
  if (!pages.some((page) => page.name === name)) {
    return undefined;
  }
  return `${basePath}docs/${name}${fragment === undefined ? '' : `#${fragment}`}`;
}

/** The URL of a page's image; undefined outside docs/images. */
export function imageInApp(src: string): string | undefined {
  return images[`../../../docs/${src}`];
}
