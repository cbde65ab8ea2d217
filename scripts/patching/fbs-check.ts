import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { aptInstall, hasApt } from '../setup/apt.mjs';
import { runLogged } from '../setup/run-logged.mjs';
import { SetUpError } from '../setup/set-up-error.mjs';

/** Debian's, which the worker's build uses too. */
const debianFlatc = '/usr/bin/flatc';

/** Each method's effect on the wire, by `namespace/Class.method`, in words on which two versions of flatc agree. */
type Facts = Map<string, string>;

/**
 * Compares node/lib/fbs, which patches change by hand, with worker/fbs. flatc generates TypeScript from the schema, and
 * what both do on the wire is compared: which slot a method reads or writes and how, what is required, the order of
 * arguments, enum values. The text of every file differs between versions of flatc.
 *
 * @param source - mediasoup's source, patched, with worker/fbs and node/lib/fbs
 * @param output - an empty folder for what flatc generates
 * @returns sentences that begin with the table's name; empty if all agree
 * @throws SetUpError if flatc is missing or finds an error in the schema
 */
export async function checkSchema(source: string, output: string): Promise<string[]> {
  const schema = join(source, 'worker/fbs');
  const files = readdirSync(schema).filter((name) => name.endsWith('.fbs'));
  mkdirSync(output, { recursive: true });
  await runLogged(
    await flatc(),
    ['--ts', '--gen-object-api', '-o', output, ...files.map((name) => join(schema, name))],
    { what: 'flatc' },
  );
  const generated = join(output, 'fbs');
  const ours = join(source, 'node/lib/fbs');
  const defined = readFacts(ours, '.js', namesDefined);
  const declared = readFacts(ours, '.d.ts', namesDeclared);
  return [
    ...differences(
      readFacts(generated, '.ts', wireFacts),
      readFacts(ours, '.js', wireFacts),
      'the schema',
    ),
    ...differences(defined, declared, 'its .js').map((text) => `${text} (.d.ts)`),
    ...missingExports(ours),
  ];
}

/** @returns whether the check can run without installing anything */
export function hasFlatc(): boolean {
  return existsSync(debianFlatc) || !spawnSync('flatc', ['--version']).error;
}

async function flatc(): Promise<string> {
  if (!hasFlatc() && hasApt()) {
    await aptInstall(['flatbuffers-compiler'], 'to compare node/lib/fbs with worker/fbs');
  }
  if (!hasFlatc()) {
    throw new SetUpError('flatc is needed to compare node/lib/fbs with worker/fbs', {
      advice: 'Install it: `brew install flatbuffers`, `dnf install flatbuffers-compiler`.',
    });
  }
  return existsSync(debianFlatc) ? debianFlatc : 'flatc';
}

function differences(wanted: Facts, found: Facts, authority: string): string[] {
  return [...new Set([...wanted.keys(), ...found.keys()])].flatMap((name) => {
    const [should, is] = [wanted.get(name), found.get(name)];
    if (should === is) {
      return [];
    }
    if (is === undefined || should === undefined) {
      return [`${name} ${is === undefined ? 'is missing' : `is not in ${authority}`}`];
    }
    return [`${name}: ${is}; ${authority} says ${should}`];
  });
}

/** A namespace is a folder. Versions of flatc name the files in it differently. */
function readFacts(
  folder: string,
  ending: string,
  read: (text: string) => Iterable<[string, string[]]>,
): Facts {
  const found: Facts = new Map();
  for (const space of namespaces(folder)) {
    for (const name of readdirSync(join(folder, space)).filter((file) => file.endsWith(ending))) {
      for (const [key, facts] of read(readFileSync(join(folder, space, name), 'utf8'))) {
        found.set(`${space}/${key}`, facts.join(', '));
      }
    }
  }
  return found;
}

/** A class that its namespace's own file does not export cannot be imported. */
function missingExports(folder: string): string[] {
  return namespaces(folder).flatMap((space) => {
    const index = readFileSync(join(folder, `${space}.js`), 'utf8');
    const types = readFileSync(join(folder, `${space}.d.ts`), 'utf8');
    const names = readdirSync(join(folder, space)).filter((name) => name.endsWith('.js'));
    return names.flatMap((name) => {
      const path = `./${space}/${name.replace(/\.js$/, '')}`;
      return [
        ...(index.includes(`require("${path}")`) ? [] : [`${space}.js doesn't export ${path}`]),
        ...(types.includes(`'${path}'`) ? [] : [`${space}.d.ts doesn't export ${path}`]),
      ];
    });
  });
}

function namespaces(folder: string): string[] {
  const entries = readdirSync(folder, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
}

/** Reads flatc's TypeScript, or the JavaScript that tsc makes of it. */
function* wireFacts(text: string): Generator<[string, string[]]> {
  for (const { name, body } of classesOf(text)) {
    const [, parameters = ''] = body.match(/constructor\(([\s\S]*?)\)\s*\{/) ?? [];
    const names = parameters
      .split(/,(?![^<([]*[>)\]])/)
      .map((part) => part.trim().match(/^(?:public )?(\w+)/)?.[1] ?? '');
    yield [`${name} constructor`, names.filter(Boolean)];
    for (const method of methodsOf(body)) {
      const tokens = wireTokens(method.text);
      if (tokens.length > 0) {
        yield [`${name}.${method.name}`, tokens];
      }
    }
  }
  const enums = /^(?:export enum (\w+) \{|\(function \((\w+)\) \{)([\s\S]*?)^\}/gm;
  for (const [, inTs, inJs, body = ''] of text.matchAll(enums)) {
    const values = body.matchAll(/"?(\w+)"?\]? = (-?\d+)/g);
    yield [`enum ${inTs ?? inJs}`, [...values].map(([, key, value]) => `${key} = ${value}`)];
  }
}

function* namesDeclared(text: string): Generator<[string, string[]]> {
  const classes = /^export declare class (\w+)[^{]*\{([\s\S]*?)^\}/gm;
  for (const [, name = '', body = ''] of text.matchAll(classes)) {
    yield [name, sorted(body.matchAll(/^ {4}(?:static )?(\w+)\??[(:<]/gm))];
  }
}

function* namesDefined(text: string): Generator<[string, string[]]> {
  for (const { name, body } of classesOf(text)) {
    const properties = body.matchAll(/^ {4}(\w+)(?: = [^;]*)?;$/gm);
    const methods = methodsOf(body).map((method) => ['', method.name]);
    yield [name, sorted([...methods, ...properties])];
  }
}

function sorted(matches: Iterable<readonly (string | undefined)[]>): string[] {
  const names = new Set([...matches].map(([, name = '']) => name));
  return [...names].filter((name) => name !== 'constructor').sort();
}

function classesOf(text: string): { name: string; body: string }[] {
  const parts = text.split(/^(?=(?:export )?class \w+)/m).slice(1);
  return parts.map((body) => ({ name: body.match(/class (\w+)/)?.[1] ?? '', body }));
}

function methodsOf(body: string): { name: string; text: string }[] {
  // A method's first line. Statements that look like one begin with a keyword.
  const head =
    /^ {0,4}(?:static )?(?!constructor\b|if\b|for\b|switch\b|return\b|while\b)(\w+)(?:<[^>]*>)?\([^;]*\{$/gm;
  const starts = [...body.matchAll(head)];
  return starts.map((match, index) => ({
    name: match[1] ?? '',
    text: body.slice(match.index + match[0].length, starts[index + 1]?.index),
  }));
}

const wire = [
  /__offset\(this\.bb_pos, \d+\)/,
  /builder\.(?:startObject|startVector|addField\w+|addInt\w+|addFloat\w+|addOffset|requiredField|finish)\([^;]*?\)(?=[; \n]|$)/,
  /(?<=bb\.)(?:read\w+|__string|__indirect|__vector_len|__vector|__union\w*)(?=\()/,
  /\w+\.create\w+\(builder[^;]*\)/,
];
const anyWire = new RegExp(wire.map(({ source }) => source).join('|'), 'g');

function wireTokens(text: string): string[] {
  const plain = text
    .replace(/\/\/.*$/gm, '')
    .replace(/bb!/g, 'bb')
    .replace(/\s+/g, ' ')
    // The value that makes an optional number be left out: versions of flatc differ.
    .replace(/(builder\.addField\w+\([^;]*), (?:null|BigInt\(['"]?0['"]?\))\)/g, '$1, 0)')
    // The module that an enum is imported from.
    .replace(/\b\w+_js_\d+\.|\b\w+_\d+\./g, '');
  return [...plain.matchAll(anyWire)].map(([token]) => token.replace(/[\s!]/g, ''));
}
