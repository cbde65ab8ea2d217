/**
 * Checks that imports follow the layers of docs/architecture.md, for values and types alike, and that no files import
 * each other, directly or through others. Tests may import anything.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { parseSync } from 'oxc-parser';

/** By folder: its layers, the lowest first. A layer imports from those before it; members of one never import each other. */
const order: Record<string, string[][]> = {
  '': [
    ['protocol'],
    ['server', 'app'],
    ['testkit'],
    ['scripts'],
    ['bench', 'e2e', 'patches', 'deploy'],
  ],
  server: [['src'], ['test']],
  'server/src': [
    ['net'],
    ['config'],
    ['telemetry'],
    ['access'],
    ['stun'],
    ['ports'],
    ['media'],
    ['rooms'],
    ['signalling', 'http', 'metrics', 'port-map'],
    ['run-as-user.ts', 'process-restrictions.ts'],
    ['server.ts'],
    ['main.ts'],
  ],
  'app/src': [
    ['store.ts'],
    ['page'],
    ['signalling'],
    ['devices', 'network'],
    ['media'],
    ['session'],
    ['ui'],
    ['port-map', 'docs'],
    ['main.tsx'],
  ],
};

const noReact = ['react', 'react-dom'];

/** By folder: packages that it may not import. One that ends with a colon or a slash is a prefix. */
const foreignPackages: Record<string, string[]> = {
  'protocol/src': ['node:', '@oneport/'],
  'app/src/ui': ['mediasoup-client', 'protoo-client'],
  'app/src/session': noReact,
  'app/src/media': noReact,
  'app/src/signalling': noReact,
  'app/src/devices': noReact,
  'app/src/network': noReact,
  'app/src/page': noReact,
};

/** Paths relative to the checkout, with each file's text. */
export type Sources = ReadonlyMap<string, string>;

interface Import {
  from: string;
  to: string;
}

/** @returns a sentence for each import that crosses layers, each forbidden package, and each cycle */
export function layerViolations(sources: Sources): string[] {
  const imports = [...sources].flatMap(([file, text]) =>
    specifiersIn(file, text).map((specifier) => ({ from: file, to: resolve(file, specifier) })),
  );
  return [
    ...imports.flatMap(checkOrder),
    ...imports.flatMap(checkPackage),
    ...cycles(imports.filter(({ to }) => sources.has(to))),
  ];
}

/** The checkout's own sources, without tests. */
export function productionSources(root: string): Sources {
  const files = execFileSync('git', ['ls-files'], { cwd: root, encoding: 'utf8' })
    .split('\n')
    .filter((file) => /\.(ts|tsx|mjs)$/.test(file) && !/\.test\.ts$|\.d\.ts$/.test(file));
  return new Map(files.map((file) => [file, readFileSync(join(root, file), 'utf8')]));
}

function specifiersIn(file: string, text: string): string[] {
  const { module, errors } = parseSync(file, text);
  if (errors.length > 0) {
    throw new Error(`${file}: ${errors[0]?.message}`);
  }
  return [
    ...module.staticImports.map((one) => one.moduleRequest.value),
    ...module.staticExports.flatMap((one) =>
      one.entries.map((entry) => entry.moduleRequest?.value),
    ),
    // Of these the parser gives only the place, and it may hold an expression.
    ...module.dynamicImports.map(
      ({ moduleRequest: { start, end } }) => /^'([^']+)'$/.exec(text.slice(start, end))?.[1],
    ),
  ].filter((specifier) => specifier !== undefined);
}

/** @returns a path, or a package's name as it stands */
function resolve(file: string, specifier: string): string {
  return specifier.startsWith('.') ? normalize(join(dirname(file), specifier)) : specifier;
}

function checkOrder({ from, to }: Import): string[] {
  for (const [folder, levels] of Object.entries(order)) {
    const [importer, imported] = [nameIn(folder, from), nameIn(folder, to)];
    if (!importer || !imported || importer === imported) {
      continue;
    }
    const [upper, lower] = [importer, imported].map((name) =>
      levels.findIndex((level) => level.includes(name)),
    );
    if (upper === undefined || lower === undefined || lower < 0) {
      continue;
    }
    if (upper < 0) {
      return [`${from}: ${importer} has no layer yet: scripts/checks/layers.ts`];
    }
    if (lower >= upper) {
      return [`${from} imports ${to}: ${importer} may not know of ${imported}`];
    }
  }
  return [];
}

/** The name below a folder that a path goes through. */
function nameIn(folder: string, path: string): string | undefined {
  const prefix = folder === '' ? '' : `${folder}/`;
  return path.startsWith(prefix) ? path.slice(prefix.length).split('/')[0] : undefined;
}

function checkPackage({ from, to }: Import): string[] {
  return Object.entries(foreignPackages)
    .filter(([folder, packages]) => {
      const matches = packages.some((name) =>
        /[:/]$/.test(name) ? to.startsWith(name) : to === name || to.startsWith(`${name}/`),
      );
      return from.startsWith(`${folder}/`) && matches;
    })
    .map(([folder]) => `${from} imports ${to}: not in ${folder}`);
}

/** @returns a path for each group of files that import each other */
function cycles(imports: Import[]): string[] {
  const importedBy = new Map<string, string[]>();
  for (const { from, to } of imports) {
    importedBy.set(from, [...(importedBy.get(from) ?? []), to]);
  }
  const found: string[] = [];
  const done = new Set<string>();
  const walk = (file: string, path: string[]) => {
    const start = path.indexOf(file);
    if (start >= 0) {
      found.push(`cycle: ${[...path.slice(start), file].join(' -> ')}`);
      return;
    }
    if (done.has(file)) {
      return;
    }
    for (const next of importedBy.get(file) ?? []) {
      walk(next, [...path, file]);
    }
    done.add(file);
  };
  for (const file of importedBy.keys()) {
    walk(file, []);
  }
  return found;
}
