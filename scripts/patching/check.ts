import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SetUpError } from '../setup/set-up-error.mjs';
import type { Release } from '../worker/tarball.ts';
import { readCommits } from './export.ts';
import { applyPatch } from './history.ts';
import {
  formatPatch,
  needsOf,
  type Patch,
  parsePatch,
  pathsOf,
  readHeader,
  testsNamed,
} from './patch-file.ts';
import { commitPristine } from './pristine.ts';

/** Where a patch may change something. What lies elsewhere in the tarball, nothing of ours uses. */
const reached = ['worker/', 'node/lib/'];

/** The header begins in a patch file's fourth line, after From, Subject and an empty one. */
const headerLine = 4;

/**
 * Finds what is wrong with a folder of patches, without applying anything.
 *
 * @param folder - patches/ of a checkout: the tests that headers name are looked for beside it.
 * @returns Sentences that begin with a file's name and, where there is one, a line's number.
 */
export function checkFiles(folder: string): { patches: Patch[]; complaints: string[] } {
  const complaints: string[] = [];
  const patches: Patch[] = [];
  const present = readdirSync(folder).filter((name) => name.endsWith('.patch'));
  const listed = seriesLines(folder);

  for (const { name, line } of listed) {
    if (!existsSync(join(folder, name))) {
      complaints.push(`series:${line}: there is no file ${name}`);
    } else if (listed.find((entry) => entry.name === name)?.line !== line) {
      complaints.push(`series:${line}: ${name} is there twice`);
    } else {
      const patch = parsed(folder, name, complaints);

      if (patch) {
        complaints.push(...checkPatch(patch, patches), ...missingTests(folder, patch));
        patches.push(patch);
      }
    }
  }
  for (const name of present.filter((file) => !listed.some((entry) => entry.name === file))) {
    complaints.push(`${name}: is not in series, so nothing applies it`);
  }

  return { patches, complaints };
}

/**
 * Applies patches to mediasoup's tarball: in order, and each alone with what it says it needs; then exports them
 * again, and finds what came out otherwise than it went in.
 *
 * @param repository - An empty repository.
 */
export async function checkApplying(
  repository: string,
  release: Release,
  patches: readonly Patch[],
): Promise<{ complaints: string[]; head: string }> {
  const pristine = await commitPristine(repository, release);
  const complaints: string[] = [];
  let head = pristine;

  for (const patch of patches) {
    const inOrder = applyPatch(repository, head, patch);

    if (!inOrder.ok) {
      complaints.push(`${patch.name}.patch: doesn't apply in the order of series: ${inOrder.why}`);

      return { complaints, head };
    }
    head = inOrder.commit;
    complaints.push(...checkAlone(repository, pristine, patch, patches));
  }

  const exported = readCommits(repository, head);

  patches.forEach((patch, index) => {
    const again = exported[index];

    if (again && formatPatch(again) !== formatPatch(patch)) {
      complaints.push(
        `${patch.name}.patch: is not what export writes: run \`npm run patch -- checkout\`, then \`export\``,
      );
    }
  });

  return { complaints, head };
}

function checkPatch(patch: Patch, before: readonly Patch[]): string[] {
  const at = (line: number, what: string) => `${patch.name}.patch:${line}: ${what}`;
  const { complaints, fields } = readHeader(patch.body, headerLine);
  const found = complaints.map(({ line, what }) => at(line, what));

  if (fields.Needs) {
    const unknown = needsOf(patch).filter((need) => !before.some(({ name }) => name === need));

    found.push(
      ...unknown.map((need) =>
        at(headerLine, `needs ${need}, which series doesn't have before it`),
      ),
    );
  }
  if (patch.diff === '') {
    found.push(at(headerLine, 'changes nothing'));
  }
  for (const path of pathsOf(patch.diff)) {
    if (!reached.some((folder) => path.startsWith(folder))) {
      found.push(at(headerLine, `changes ${path}; only ${reached.join(' and ')} reach what runs`));
    }
  }

  return found;
}

/** Header lines are searched as text: a field may go on over several. */
function missingTests(folder: string, patch: Patch): string[] {
  return testsNamed(patch)
    .filter((file) => !existsSync(join(folder, '..', file)))
    .map((file) => {
      const before = patch.body.slice(0, Math.max(0, patch.body.indexOf(file)));
      const line = headerLine + before.split('\n').length - 1;

      return `${patch.name}.patch:${line}: is tested by ${file}, which isn't there`;
    });
}

function checkAlone(
  repository: string,
  pristine: string,
  patch: Patch,
  all: readonly Patch[],
): string[] {
  const needed = closure(patch, all);
  let head = pristine;

  for (const each of all.filter(({ name }) => needed.has(name))) {
    const applied = applyPatch(repository, head, each);

    if (!applied.ok) {
      const claim =
        needed.size === 1 ? 'nothing' : [...needed].filter((n) => n !== patch.name).join(', ');

      return [
        `${patch.name}.patch: says that it needs ${claim}, but doesn't apply so: ${applied.why}`,
      ];
    }
    head = applied.commit;
  }

  return [];
}

/** @returns The patch's name and those of all that it needs, however indirectly. */
export function closure(patch: Patch, all: readonly Patch[]): Set<string> {
  const found = new Set([patch.name]);

  for (const name of found) {
    const of = all.find((entry) => entry.name === name);

    for (const need of of ? needsOf(of) : []) {
      found.add(need);
    }
  }

  return found;
}

function parsed(folder: string, name: string, complaints: string[]): Patch | undefined {
  try {
    return parsePatch(
      name.replace(/\.patch$/, ''),
      readFileSync(join(folder, name), 'utf8'),
      `${name}:1`,
    );
  } catch (error) {
    if (!(error instanceof SetUpError)) {
      throw error;
    }
    complaints.push(error.message);

    return undefined;
  }
}

function seriesLines(folder: string): { name: string; line: number }[] {
  return readFileSync(join(folder, 'series'), 'utf8')
    .split('\n')
    .map((text, index) => ({ name: text.replace(/#.*/, '').trim(), line: index + 1 }))
    .filter(({ name }) => name !== '');
}
