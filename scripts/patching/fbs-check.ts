import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { aptInstall, hasApt } from '../setup/apt.mjs';
import { runLogged } from '../setup/run-logged.mjs';
import { SetUpError } from '../setup/set-up-error.mjs';
import { differences, type Facts, factsOf, namesDeclared, namesDefined } from './fbs-facts.ts';

/** Debian's, as the worker's build uses it: it comes with the headers that the build has. */
const debianFlatc = '/usr/bin/flatc';

/**
 * Finds where node/lib/fbs, whose touched files are edited by hand, means something else than worker/fbs says. flatc
 * generates TypeScript out of the schema, and what both do on the wire is compared, not their text: of another
 * version of flatc every file looks different.
 *
 * @param source - A folder with mediasoup's source, patched: worker/fbs and node/lib/fbs.
 * @param output - An empty folder for what flatc generates.
 * @returns Sentences that begin with the table's name; empty when all agree.
 * @throws {SetUpError} When flatc isn't there or finds a mistake in the schema.
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

  return [
    ...differences(factsBelow(generated, '.ts', factsOf), factsBelow(ours, '.js', factsOf)),
    ...differences(
      factsBelow(ours, '.js', namesDefined),
      factsBelow(ours, '.d.ts', namesDeclared),
    ).map((text) => text.replace('the schema says', 'its .js has').concat(' (.d.ts)')),
    ...notExported(ours),
  ];
}

/** @returns Whether the check can run here, without installing anything. */
export function hasFlatc(): boolean {
  return existsSync(debianFlatc) || !spawnSync('flatc', ['--version']).error;
}

async function flatc(): Promise<string> {
  if (!hasFlatc() && hasApt()) {
    await aptInstall(['flatbuffers-compiler'], 'to compare node/lib/fbs with worker/fbs');
  }
  if (!hasFlatc()) {
    throw new SetUpError('flatc is needed to compare node/lib/fbs with worker/fbs', {
      advice:
        'It is in most systems: `brew install flatbuffers`, `dnf install flatbuffers-compiler`.',
    });
  }

  return existsSync(debianFlatc) ? debianFlatc : 'flatc';
}

/** A namespace is a folder; versions of flatc name the files in it differently. */
function factsBelow(folder: string, ending: string, read: (text: string) => Facts): Facts {
  return new Map(
    namespaces(folder).flatMap((space) =>
      readdirSync(join(folder, space))
        .filter((name) => name.endsWith(ending))
        .flatMap((name) =>
          [...read(readFileSync(join(folder, space, name), 'utf8'))].map(
            ([key, facts]) => [`${space}/${key}`, facts] as const,
          ),
        ),
    ),
  );
}

/** What a namespace's own file doesn't pass on, nobody can import. */
function notExported(folder: string): string[] {
  return namespaces(folder).flatMap((space) => {
    const index = readFileSync(join(folder, `${space}.js`), 'utf8');
    const types = readFileSync(join(folder, `${space}.d.ts`), 'utf8');

    return readdirSync(join(folder, space))
      .filter((name) => name.endsWith('.js'))
      .map((name) => `./${space}/${name.replace(/\.js$/, '')}`)
      .flatMap((path) => [
        ...(index.includes(`require("${path}")`) ? [] : [`${space}.js doesn't export ${path}`]),
        ...(types.includes(`'${path}'`) ? [] : [`${space}.d.ts doesn't export ${path}`]),
      ]);
  });
}

function namespaces(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
}
