import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { loadConfig } from './config.ts';
import { limitNames } from './limits.ts';
import { literalDefault, type Setting, type SettingName, settings } from './settings.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const pages = [
  ...readdirSync(root).filter((name) => /^README.*\.md$/.test(name)),
  ...readdirSync(`${root}/docs`)
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

interface Row {
  names: SettingName[];
  /** The cell of the column `default`. */
  unset: string;
}

const codeIn = (cell: string) => [...cell.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code);

function describedDefault(name: SettingName): string {
  const setting: Setting = settings[name];
  return setting.unset ?? '';
}

/** @returns the rows of a page's tables that state defaults of settings */
function rowsOf(page: string): Row[] {
  const rows: Row[] = [];
  let columns: string[] = [];
  for (const line of readFileSync(`${root}/${page}`, 'utf8').split('\n')) {
    const cells = line.startsWith('|') ? line.split('|').slice(1, -1) : [];
    const trimmed = cells.map((cell) => cell.trim());
    columns = trimmed.length === 0 ? [] : columns.length === 0 ? trimmed : columns;
    const unset = trimmed[columns.findIndex((title) => /^(default|默认值?)$/.test(title))];
    const names = trimmed[columns.findIndex((title) => /^(variable|setting|变量)$/.test(title))];
    if (unset !== undefined && names !== undefined && /^`[A-Z]/.test(names)) {
      rows.push({ names: codeIn(names) as SettingName[], unset });
    }
  }
  return rows;
}

describe.each(pages.filter((page) => rowsOf(page).length > 0))('%s', (page) => {
  test('states the declared default of each setting in its tables', () => {
    for (const { names, unset } of rowsOf(page)) {
      const [first] = names.filter((name) => !Object.hasOwn(settings, name));
      expect(first, `${page}: not a setting`).toBeUndefined();
      const stated = codeIn(unset).length > 0 ? codeIn(unset) : [unset];
      const literals = names.map((name) => literalDefault(settings[name]));
      expect(stated, `${page}: ${names}`).toEqual(
        expect.arrayContaining(literals.filter((literal) => literal !== undefined)),
      );
      // Defaults that are described in words are not compared, but the values in them are.
      const declared = names.map((name, i) => literals[i] ?? describedDefault(name)).join(' ');
      for (const value of codeIn(unset)) {
        expect(declared.split(/[ ,]+/), `${page}: ${names}`).toContain(value);
      }
    }
  });
});

test('README.md, docs/limits.md and docs/metrics.md have such tables', () => {
  const found = pages.filter((page) => rowsOf(page).length > 0);
  expect(found).toEqual(
    expect.arrayContaining(['README.md', 'README.zh-CN.md', 'docs/limits.md', 'docs/metrics.md']),
  );
});

test('docs/limits.md lists every limit, and nothing else', () => {
  const documented = rowsOf('docs/limits.md').flatMap(({ names }) => names);
  const configurable = Object.keys(loadConfig({}).limits);
  expect(documented).toEqual(configurable.map((name) => `MAX_${name.toUpperCase()}`));
});

test('each limit is set by its variable, and rejects what is out of its range', () => {
  const { limits } = loadConfig({});
  const configurable = Object.keys(limits) as (keyof typeof limits)[];
  expect(limitNames).toEqual([...configurable, 'queued_bytes', 'lobby', 'media_ports']);
  for (const name of configurable) {
    const variable = `MAX_${name.toUpperCase()}`;
    // Each of them allows its default, and one less.
    const other = Math.max(1, limits[name] - 1);
    expect(loadConfig({ [variable]: String(other) }).limits).toEqual({ ...limits, [name]: other });
    expect(() => loadConfig({ [variable]: '0' })).toThrow(`${variable}=0: expected a whole number`);
  }
});
