import { createElement } from 'react';
import { renderToStaticMarkup } from 'react-dom/server';
import { expect, test } from 'vitest';
import { LinkedText, splitLinks } from './linked-text.tsx';

const linksIn = (text: string) => splitLinks(text).flatMap(({ href }) => href ?? []);

test('finds the addresses of websites, without the punctuation after them', () => {
  expect(splitLinks('See https://a.example/x?y=1#z, or HTTP://b.example.')).toEqual([
    { text: 'See ' },
    { text: 'https://a.example/x?y=1#z', href: 'https://a.example/x?y=1#z' },
    { text: ', or ' },
    { text: 'HTTP://b.example', href: 'http://b.example/' },
    { text: '.' },
  ]);
  expect(linksIn('(https://a.example/b)\nhttps://[2001:db8::1]:3000/ “https://c.example”')).toEqual(
    ['https://a.example/b', 'https://[2001:db8::1]:3000/', 'https://c.example/'],
  );
  expect(linksIn('https://a.example/Ada_(name).')).toEqual(['https://a.example/Ada_(name)']);
});

test.each([
  'javascript:alert(1)',
  'data:text/html,<script>alert(1)</script>',
  'javascript://x%0Aalert(1)',
  'file:///etc/passwd',
  'ftp://a.example',
  'mailto:a@a.example',
  'xhttps://a.example',
  'https://',
  'http://[',
  '//a.example',
  'www.a.example',
])('leaves %s as text', (text) => {
  expect(splitLinks(text)).toEqual([{ text }]);
});

test('keeps every character of a text', () => {
  const text = ' a <b> https://a.example/?a="b" \n\n https://[ http://x.example)) ';
  expect(
    splitLinks(text)
      .map((part) => part.text)
      .join(''),
  ).toBe(text);
});

test('opens links in another tab that knows nothing of this page', () => {
  const markup = renderToStaticMarkup(
    createElement(LinkedText, { text: '<b>https://a.example/"onclick="x' }),
  );
  expect(markup).toBe(
    '&lt;b&gt;<a href="https://a.example/" target="_blank" rel="noopener noreferrer nofollow">https://a.example/</a>&quot;onclick=&quot;x',
  );
});
