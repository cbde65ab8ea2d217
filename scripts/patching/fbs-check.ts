import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { aptInstall, hasApt } from '../setup/apt.mjs';
import { filesBelow } from '../setup/content-hash.mjs';
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
  const wanted = readFacts(join(output, 'fbs'), '.ts');
  const found = readFacts(join(source, 'node/lib/fbs'), '.js');
  return [...new Set([...wanted.keys(), ...found.keys()])].flatMap((name) => {
    const [should, is] = [wanted.get(name), found.get(name)];
    if (should === is) {
      return [];
    }
    if (is === undefined || should === undefined) {
      return [`${name} ${is === undefined ? 'is missing' : 'is not in the schema'}`];
    }
    return [`${name}: ${is}; the schema says ${should}`];
  });
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
      advice: 'Install it: its package is flatbuffers, or flatbuffers-compiler.',
    });
  }
  return existsSync(debianFlatc) ? debianFlatc : 'flatc';
}

/** A namespace is a folder. Versions of flatc name the files in it differently. */
function readFacts(folder: string, ending: string): Facts {
  const found: Facts = new Map();
  for (const path of filesBelow(folder, '.').filter((name) => name.endsWith(ending))) {
    for (const [key, facts] of wireFacts(readFileSync(join(folder, path), 'utf8'))) {
      found.set(`${dirname(path)}/${key}`, facts.join(', '));
    }
  }
  return found;
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
