import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Release } from '../worker/tarball.ts';
import { checkSchema, hasFlatc } from './fbs-check.ts';
import { errorsIn, git, tryGit } from './git.ts';
import {
  type Complaint,
  closure,
  formatPatch,
  needsOf,
  type Patch,
  parsePatch,
  pathsOf,
  readHeader,
  testsNamed,
} from './patch-file.ts';
import {
  applySeries,
  commitPristine,
  commitSeries,
  inWorktree,
  readCommits,
  store,
} from './repository.ts';

/** The folders of the tarball that reach what runs. */
const reached = ['worker/', 'node/lib/'];

/** A patch file's header begins in its fourth line, after From, Subject and an empty one. */
const headerLine = 4;

/**
 * Checks a folder of patches: their headers and `series`, then how they apply, then node/lib/fbs. Stops after the first
 * of these that has complaints.
 *
 * @param folder - patches/ of a checkout
 * @returns complaints that begin with a file's name and, if there is one, a line number
 */
export async function check(
  release: Release,
  folder: string,
): Promise<{ patches: Patch[]; complaints: string[] }> {
  const { patches, complaints } = checkFiles(folder);
  if (complaints.length === 0) {
    complaints.push(...(await checkApplying(release, patches)));
  }
  const schema = /^(worker|node\/lib)\/fbs\//;
  const touched = patches.some((patch) => pathsOf(patch).some((path) => schema.test(path)));
  if (complaints.length === 0 && (touched || hasFlatc())) {
    const found = await inWorktree(store(), await commitSeries(release, patches), (tree) => {
      git(tree, ['checkout', '--quiet', 'HEAD', '--', 'worker/fbs', 'node/lib/fbs']);
      return checkSchema(tree, join(tree, 'generated'));
    });
    complaints.push(...found);
  }
  return { patches, complaints };
}

/**
 * The first part of `check`, without applying anything.
 *
 * @throws SetUpError on a file that is not in our format
 */
export function checkFiles(folder: string): { patches: Patch[]; complaints: string[] } {
  const complaints: string[] = [];
  const patches: Patch[] = [];
  const listed = new Set<string>();
  for (const [index, text] of readFileSync(join(folder, 'series'), 'utf8').split('\n').entries()) {
    const name = text.replace(/#.*/, '').trim();
    if (listed.has(name)) {
      complaints.push(`series:${index + 1}: ${name} is listed twice`);
    } else if (name && !existsSync(join(folder, name))) {
      complaints.push(`series:${index + 1}: there is no file ${name}`);
    } else if (name) {
      const patch = parsePatch(name, readFileSync(join(folder, name)), name);
      const found = [...checkPatch(patch, patches, headerLine), ...missingTests(folder, patch)];
      complaints.push(...found.map(({ line, what }) => `${name}:${line}: ${what}`));
      patches.push(patch);
    }
    if (name) {
      listed.add(name);
    }
  }
  const stray = readdirSync(folder).filter((name) => name.endsWith('.patch') && !listed.has(name));
  complaints.push(...stray.map((name) => `${name}: is not in series, so it is never applied`));
  return { patches, complaints };
}

/**
 * Finds what is wrong with a patch by itself.
 *
 * @param before - the patches before it in the series
 * @param firstLine - the number of the header's first line
 */
export function checkPatch(patch: Patch, before: readonly Patch[], firstLine: number): Complaint[] {
  const { complaints } = readHeader(patch.body, firstLine);
  const report = (what: string) => complaints.push({ line: firstLine, what });
  for (const need of needsOf(patch)) {
    if (!before.some(({ name }) => name === need)) {
      report(`needs ${need}, which is not before it in series`);
    }
  }
  if (before.some(({ name }) => name === patch.name)) {
    report('is the second patch with this name: join them by `fixup`, or change its `Patch:` line');
  }
  if (patch.diff === '') {
    report('changes nothing');
  }
  for (const path of pathsOf(patch)) {
    if (!reached.some((prefix) => path.startsWith(prefix))) {
      report(`changes ${path}; only ${reached.join(' and ')} reach what runs`);
    }
  }
  return complaints;
}

function missingTests(folder: string, patch: Patch): Complaint[] {
  const missing = testsNamed(patch).filter((file) => !existsSync(join(folder, '..', file)));
  return missing.map((file) => {
    const before = patch.body.slice(0, Math.max(0, patch.body.indexOf(file)));
    const line = headerLine + before.split('\n').length - 1;
    return { line, what: `is tested by ${file}, which does not exist` };
  });
}

/**
 * The second part of `check`: applies patches to mediasoup's tarball, in order, and each with only what it needs. Finds
 * those that export would write differently.
 */
export async function checkApplying(
  release: Release,
  patches: readonly Patch[],
): Promise<string[]> {
  const pristine = await commitPristine(release);
  const inOrder = await applySeries(store(), pristine, patches);
  if ('failed' in inOrder) {
    const { failed, why } = inOrder;
    return [`${failed.name}.patch: does not apply in the order of series: ${why}`];
  }
  const complaints: string[] = [];
  await inWorktree(store(), pristine, (folder) => {
    for (const patch of patches) {
      const needed = closure(patch, patches);
      const input = Buffer.from(needed.map(({ diff }) => diff).join(''), 'latin1');
      git(folder, ['read-tree', pristine]);
      const { ok, stderr } = tryGit(folder, ['apply', '--cached', '-'], { input });
      if (!ok) {
        const names = needed.filter((other) => other !== patch).map(({ name }) => name);
        const claim = `says that it needs ${names.join(', ') || 'nothing'}, but does not apply that way`;
        complaints.push(`${patch.name}.patch: ${claim}: ${errorsIn(stderr)}`);
      }
    }
  });
  const changed = changedByRoundTrip(patches, readCommits(store(), inOrder.head));
  const advice = 'is not what export writes: run `npm run patch -- checkout`, then `export`';
  return [...complaints, ...changed.map((name) => `${name}.patch: ${advice}`)];
}

/** @returns the names of patches whose file is different after the patch has been a commit */
export function changedByRoundTrip(before: readonly Patch[], after: readonly Patch[]): string[] {
  const changed = before.filter((patch, index) => {
    const again = after[index];
    return !again || !formatPatch(again).equals(formatPatch(patch)) || again.name !== patch.name;
  });
  return changed.map(({ name }) => name);
}
