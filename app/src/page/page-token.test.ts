import { expect, test } from 'vitest';
import { PageToken } from './page-token.ts';

function storage() {
  const entries = new Map<string, string>();
  return {
    getItem: (key: string) => entries.get(key) ?? null,
    setItem: (key: string, value: string) => void entries.set(key, value),
  };
}

test.each([
  ['https://a.example/?roomId=r#token=T', 'https://a.example/?roomId=r'],
  ['https://a.example/?roomId=r#token=T&x=1', 'https://a.example/?roomId=r#x=1'],
  ['https://a.example/?token=T&roomId=r', 'https://a.example/?roomId=r'],
  ['https://a.example/?token=old&roomId=r#token=T', 'https://a.example/?roomId=r'],
])('%s: the token is taken, and what stays is without it', (href, clean) => {
  const page = new PageToken(storage());
  expect(page.take(href, 'r')).toBe(clean);
  expect(page.current).toBe('T');
});

test('without one, the URL stays as it is', () => {
  const page = new PageToken(storage());
  expect(page.take('https://a.example/?roomId=r#chat', 'r')).toBe(
    'https://a.example/?roomId=r#chat',
  );
  expect(page.current).toBeUndefined();
});

test('a reload finds it again, for the same room only', () => {
  const tab = storage();
  new PageToken(tab).take('https://a.example/?roomId=r#token=T', 'r');
  const [same, other] = [new PageToken(tab), new PageToken(tab)];
  same.take('https://a.example/?roomId=r', 'r');
  other.take('https://a.example/?roomId=s', 's');
  expect([same.current, other.current]).toEqual(['T', undefined]);
});

test('a newer one takes its place, and a browser that keeps nothing can be used too', () => {
  const page = new PageToken({
    getItem: () => {
      throw new Error('blocked');
    },
    setItem: () => {
      throw new Error('blocked');
    },
  });
  page.take('https://a.example/?roomId=r', 'r');
  expect(page.current).toBeUndefined();
  page.take('https://a.example/?roomId=r#token=T', 'r');
  page.take('https://a.example/?roomId=r#token=U', 'r');
  expect(page.current).toBe('U');
});
