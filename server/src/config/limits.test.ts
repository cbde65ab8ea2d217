import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { loadConfig } from './config.ts';

const page = readFileSync(new URL('../../../docs/limits.md', import.meta.url), 'utf8');
const { limits } = loadConfig({});
const settable = Object.keys(limits) as (keyof typeof limits)[];
const variableOf = (name: string) => `MAX_${name.toUpperCase()}`;

test('the page has every limit with its variable and default, and no other', () => {
  const rows = [...page.matchAll(/^\|.*\| `(MAX_[A-Z_]+)` \| (\d+) \|/gm)];
  const documented = rows.map(([, variable, unset]) => [variable, Number(unset)]);
  expect(documented).toEqual(settable.map((name) => [variableOf(name), limits[name]]));
});

test('each limit is set by its variable, and refuses what is out of its range', () => {
  for (const name of settable) {
    const variable = variableOf(name);
    // Each of them allows its default, and one less.
    const other = Math.max(1, limits[name] - 1);
    expect(loadConfig({ [variable]: String(other) }).limits).toEqual({ ...limits, [name]: other });
    expect(() => loadConfig({ [variable]: '0' })).toThrow(`${variable}=0: expected a whole number`);
  }
});
