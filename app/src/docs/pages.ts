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

/** Each page's group, in reading order. */
const groups = {
  'Start here': ['choosing-a-port-mode', 'from-many-ports-to-one', 'setup', 'port-map'],
  Operation: [
    'running-in-production',
    'addresses',
    'shared-port-operation',
    'tokens',
    'large-rooms',
    'limits',
    'metrics',
    'reliability',
    'network-changes',
    'load-testing',
    'threat-model',
  ],
  Design: [
    'architecture',
    'single-port',
    'shared-port',
    'port-reuse',
    'kernel-view',
    'ice-ufrag',
    'webrtc-server-dump',
  ],
  Toolkit: ['worker', 'patching', 'testing', 'fuzzing'],
};

/** Every page. */
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
  .sort((a, b) => a.name.localeCompare(b.name));

/** Every page once, translations after their originals. Pages that belong to no group are in the last one. */
export function groupedPages(): { title: string; pages: Page[] }[] {
  const inGroup = (names: readonly string[]) =>
    names.flatMap((name) => pages.filter((page) => originalOf(page) === name));
  const known: string[] = Object.values(groups).flat();
  const others = pages.filter((page) => !known.includes(originalOf(page)));
  return [
    ...Object.entries(groups).map(([title, names]) => ({ title, pages: inGroup(names) })),
    ...(others.length > 0 ? [{ title: 'More', pages: others }] : []),
  ];
}

function originalOf({ name }: Page): string {
  return name.replace(/\.zh-CN$/, '');
}

/**
 * Translates a page's link to the app's URL.
 *
 * @param href - relative to docs/, or absolute
 * @returns undefined for addresses that are examples, and files that the app doesn't serve, such as `../server/src/main.ts`
 */
export function linkInApp(href: string): string | undefined {
  if (/^[a-z]+:/i.test(href)) {
    return isExample(href) ? undefined : href;
  }
  if (href.startsWith('#')) {
    return href;
  }
  const [path = '', fragment] = href.split('#', 2);
  const name = /^([\w.-]+)\.md$/.exec(path)?.[1];
  if (!pages.some((page) => page.name === name)) {
    return undefined;
  }
  return `${basePath}docs/${name}${fragment === undefined ? '' : `#${fragment}`}`;
}

/** Hosts that exist nowhere (RFC 6761, RFC 2606), and those without a dot, such as `localhost` and `host`. */
function isExample(href: string): boolean {
  const { protocol, hostname } = new URL(href);
  return (
    protocol.startsWith('http') &&
    (/(^|\.)example(\.(com|net|org))?$/.test(hostname) || !/[.:]/.test(hostname))
  );
}

/** The URL of a page's image; undefined outside docs/images. */
export function imageInApp(src: string): string | undefined {
  return images[`../../../docs/${src}`];
}
