import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { boundStrings, longestLogged } from './bound-strings.ts';

const long = 'x'.repeat(longestLogged + 7);
const cut = `${'x'.repeat(longestLogged)}… (7 more characters)`;

test('cuts long strings wherever they are, and nothing else', () => {
  expect(boundStrings(long)).toBe(cut);
  expect(boundStrings({ host: long, list: [{ long }], n: 1, none: undefined, no: null })).toEqual({
    host: cut,
    list: [{ long: cut }],
    n: 1,
    none: undefined,
    no: null,
  });
  const exact = 'x'.repeat(longestLogged);
  expect(boundStrings(exact)).toBe(exact);
  const error = new Error('failed');
  expect(boundStrings(error)).toBe(error);
});

test('the log has no longer string', () => {
  const module = new URL('log.ts', import.meta.url).href;
  const code = `import { createLog } from '${module}';
    createLog('info').warn({ host: 'h'.repeat(14_000) }, 'm'.repeat(14_000));`;
  const line = execFileSync(process.execPath, ['--input-type=module', '-e', code], {
    encoding: 'utf8',
  });
  const { host, msg } = JSON.parse(line);
  expect(host).toMatch(/^h{1000}… \(13000 more characters\)$/);
  expect(msg).toMatch(/^m{1000}…/);
});
