import { expect, test } from 'vitest';
import { groupedPages, linkInApp, pages } from './pages.ts';

test('lists each page in one of the groups, and translations after their originals', () => {
  const groups = groupedPages();
  expect(groups.map(({ title }) => title)).toEqual([
    'Start here',
    'Operation',
    'Design',
    'Toolkit',
  ]);
  const names = groups.flatMap((group) => group.pages.map(({ name }) => name));
  expect(names.toSorted()).toEqual(pages.map(({ name }) => name).toSorted());
  expect(names.slice(0, 2)).toEqual(['choosing-a-port-mode', 'choosing-a-port-mode.zh-CN']);
});

test.each([
  ['https://mediasoup.org/documentation', 'https://mediasoup.org/documentation'],
  ['#limits', '#limits'],
  ['limits.md#addresses', '/docs/limits#addresses'],
  ['../README.md', undefined],
  ['https://call.example', undefined],
  ['https://call.example.org/', undefined],
  ['https://host/calls/', undefined],
  ['http://localhost:3000/dashboard', undefined],
  ['https://example.test.mediasoup.org/', 'https://example.test.mediasoup.org/'],
])('links %s to %s', (href, link) => {
  expect(linkInApp(href)).toBe(link);
});
