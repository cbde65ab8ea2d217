import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { withLock } from '../setup/lock.mjs';
import { step } from '../setup/step.mjs';
import { pinnedMediasoup } from '../worker/inputs.ts';
import { git, tryGit } from './git.ts';
import { commitSeries, pristineOf, withRepository } from './history.ts';
import { type Patch, pathsOf } from './patch-file.ts';

const part = 'node/lib';

/** Files that differ from mediasoup's own: their text, or null for one that is to be gone. */
type Overlay = ReadonlyMap<string, string | null>;

/** Where the wanted JavaScript comes from. */
interface Origin {
  /** Changes when the result would. */
  readonly key: string;
  /** @param use - Told what differs, and how a file is in mediasoup's tarball: null when it isn't there. */
  read<T>(use: (overlay: Overlay, pristine: (path: string) => string | null) => T): Promise<T>;
}

const stampOf = z.object({
  key: z.string(),
  /** SHA-256 of each file that isn't mediasoup's own; null for one that is gone. */
  files: z.record(z.string(), z.string().nullable()),
});

type Stamp = z.infer<typeof stampOf>;

const unfinished = 'unfinished';
const pristineKey = 'pristine';

/**
 * Brings node_modules/mediasoup's JavaScript in line with patches/: what patches change in node/lib is changed there,
 * and is mediasoup's own again when the patch has gone. Says nothing when there is nothing to do.
 *
 * @param root - The checkout, its dependencies installed.
 * @param patches - In order.
 */
export async function bringPatches(root: string, patches: readonly Patch[]): Promise<void> {
  const release = pinnedMediasoup(root);
  const touching = patches.filter(touchesJavaScript);

  await bring(root, 'patches/', {
    key:
      touching.length === 0
        ? pristineKey
        : hash([release.version, release.integrity, ...patches.map(({ diff }) => diff)].join('\0')),
    read: (use) =>
      withRepository(async (repository) => {
        const head = await commitSeries(repository, release, touching.length > 0 ? patches : []);
        const names = changed(repository, pristineOf(repository, head), [head]);

        return use(new Map(names.map((path) => [path, textOf(repository, head, path)])), (path) =>
          textOf(repository, pristineOf(repository, head), path),
        );
      }),
  });
}

/**
 * The same with the JavaScript of a work tree, whether committed or not.
 *
 * @param tree - The work tree.
 */
export async function bringTree(root: string, tree: string): Promise<void> {
  const pristine = pristineOf(tree);
  const untracked = git(tree, ['ls-files', '-z', '--others', '--exclude-standard', '--', part]);
  const names = [...changed(tree, pristine, []), ...untracked.split('\0').filter(Boolean)];
  const overlay = new Map(
    names.map((path) => {
      const file = join(tree, path);

      return [path, existsSync(file) ? readFileSync(file, 'utf8') : null];
    }),
  );

  await bring(root, 'the work tree', {
    key: overlay.size === 0 ? pristineKey : hash(JSON.stringify([...overlay])),
    read: async (use) => use(overlay, (path) => textOf(tree, pristine, path)),
  });
}

/** @returns Whether a patch changes what node_modules/mediasoup runs. */
export function touchesJavaScript({ diff }: Pick<Patch, 'diff'>): boolean {
  return pathsOf(diff).some((path) => path.startsWith(`${part}/`));
}

async function bring(root: string, from: string, origin: Origin): Promise<void> {
  const module = join(root, 'node_modules/mediasoup');

  if (isInLine(module, origin.key)) {
    return;
  }
  await withLock(root, async () => {
    if (isInLine(module, origin.key)) {
      return;
    }
    await step('mediasoup', `its JavaScript is brought in line with ${from}`, () =>
      origin.read((overlay, pristine) => write(module, origin.key, overlay, pristine)),
    );
  });
}

function isInLine(module: string, key: string): boolean {
  const stamp = readStamp(module);

  if (!stamp) {
    return key === pristineKey;
  }

  return (
    stamp.key === key &&
    Object.entries(stamp.files).every(([path, sum]) => {
      const file = join(module, path);

      return (existsSync(file) ? hash(readFileSync(file, 'utf8')) : null) === sum;
    })
  );
}

function write(
  module: string,
  key: string,
  overlay: Overlay,
  pristine: (path: string) => string | null,
): void {
  const before = Object.keys(readStamp(module)?.files ?? {});
  const files = Object.fromEntries(
    [...overlay].map(([path, text]) => [path, text === null ? null : hash(text)]),
  );

  // If we are cut off, the next run finds here which files to set right.
  writeStamp(module, {
    key: unfinished,
    files: { ...Object.fromEntries(before.map((path) => [path, null])), ...files },
  });
  for (const path of before.filter((entry) => !overlay.has(entry))) {
    replace(join(module, path), pristine(path));
  }
  for (const [path, text] of overlay) {
    replace(join(module, path), text);
  }
  if (overlay.size > 0) {
    writeStamp(module, { key, files });
  } else {
    rmSync(stampFile(module), { force: true });
  }
}

function replace(file: string, text: string | null): void {
  if (text === null) {
    rmSync(file, { force: true });

    return;
  }

  const fresh = `${file}.${process.pid}`;

  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(fresh, text);
  renameSync(fresh, file);
}

function changed(repository: string, pristine: string, head: readonly string[]): string[] {
  return git(repository, [
    'diff',
    '--name-only',
    '--no-renames',
    '-z',
    pristine,
    ...head,
    '--',
    part,
  ])
    .split('\0')
    .filter(Boolean);
}

function textOf(repository: string, commit: string, path: string): string | null {
  const { ok, stdout } = tryGit(repository, ['cat-file', 'blob', `${commit}:${path}`]);

  return ok ? stdout : null;
}

/** It lies in the package: an installation that replaces the package takes it along. */
function stampFile(module: string): string {
  return join(module, '.oneport-patches.json');
}

function readStamp(module: string): Stamp | undefined {
  try {
    return stampOf.parse(JSON.parse(readFileSync(stampFile(module), 'utf8')));
  } catch {
    return undefined;
  }
}

function writeStamp(module: string, stamp: Stamp): void {
  replace(stampFile(module), `${JSON.stringify(stamp, null, 2)}\n`);
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
