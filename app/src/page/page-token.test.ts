import { expect, test } from 'vitest';
import { PageToken } from './page-token.ts';

function memory() {
  const entries = new Map<string, string>();
  return {
    getItem: (key: string) => entries.get(key) ?? null,
    setItem: (key: string, value: string) => void entries.set(key, value),
    removeItem: (key: string) => void entries.delete(key),
  };
}

const make = ({ storage = memory(), key = 'r', inQuery = true } = {}) =>
  new PageToken({ storage, key, inQuery });

test.each([
  ['https://a.example/?roomId=r#token=T', 'https://a.example/?roomId=r'],
  ['https://a.example/?roomId=r#token=T&x=1', 'https://a.example/?roomId=r#x=1'],
  ['https://a.example/?token=T&roomId=r', 'https://a.example/?roomId=r'],
  ['https://a.example/?token=old&roomId=r#token=T', 'https://a.example/?roomId=r'],
])('takes the token out of %s', (href, clean) => {
  const page = make();
  expect(page.take(href)).toBe(clean);
  expect(page.current).toBe('T');
});

test('returns a URL without a token unchanged', () => {
  const page = make();
  expect(page.take('https://a.example/?roomId=r#chat')).toBe('https://a.example/?roomId=r#chat');
  expect(page.current).toBeUndefined();
});

test('ignores the query where only the fragment is allowed', () => {
  const page = make({ inQuery: false });
  expect(page.take('https://a.example/?token=T')).toBe('https://a.example/?token=T');
  expect(page.current).toBeUndefined();
});

test('finds the token again after a reload, under the same key only', () => {
  const storage = memory();
  make({ storage }).take('https://a.example/?roomId=r#token=T');
  const [same, other] = [make({ storage }), make({ storage, key: 's' })];
  same.take('https://a.example/?roomId=r');
  other.take('https://a.example/?roomId=s');
  expect([same.current, other.current]).toEqual(['T', undefined]);
});

test('prefers a token in the URL to the one from before a reload', () => {
  const storage = memory();
  make({ storage }).set('old');
  const page = make({ storage });
  page.take('https://a.example/#token=new');
  expect(page.current).toBe('new');
});

test('works without storage, and replaces an older token', () => {
  const blocked = () => {
    throw new Error('blocked');
  };
  const page = new PageToken({
    storage: { getItem: blocked, setItem: blocked, removeItem: blocked },
    key: 'r',
    inQuery: true,
  });
  page.take('https://a.example/?roomId=r');
  expect(page.current).toBeUndefined();
  page.take('https://a.example/?roomId=r#token=T');
  page.take('https://a.example/?roomId=r#token=U');
  expect(page.current).toBe('U');
});
