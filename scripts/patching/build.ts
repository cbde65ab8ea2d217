import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { withLock } from '../setup/lock.mjs';
import { SetUpError } from '../setup/set-up-error.mjs';
import { step } from '../setup/step.mjs';
import { readInputs } from '../worker/inputs.ts';
import { manifestName, readManifest, type WorkerManifest } from '../worker/manifest.ts';
import { ninjaProgress } from '../worker/ninja-progress.ts';
import {
  debianFacts,
  debianSources,
  installBuildPackages,
  reasonNotDebian,
} from '../worker/recipe/debian.ts';
import { compile, releaseOptions } from '../worker/recipe/meson.ts';
import { placeDebianLibraries } from '../worker/recipe/subprojects.ts';
import { emptyOfOtherRelease } from './build-folder.ts';
import { readCommits } from './export.ts';
import { pristineOf, versionOf } from './history.ts';
import { formatPatch } from './patch-file.ts';
import { requireResolved } from './tree.ts';

/** How a worker is compiled. Each has build folders of its own, so that changing over compiles nothing again. */
export type Kind = 'release' | 'debug' | 'asan';

export const kinds: readonly Kind[] = ['release', 'debug', 'asan'];

const mesonOptions: Record<Kind, readonly string[]> = {
  release: releaseOptions,
  debug: ['--buildtype=debug'],
  asan: ['--buildtype=debugoptimized', '-Db_sanitize=address', '-Db_lundef=false'],
};

/**
 * Compiles a program out of a work tree; of one that was compiled before, what changed.
 *
 * @param tree - The work tree, or another one like it.
 * @param target - The worker, or its unit tests.
 * @returns The path of the binary.
 * @throws {SetUpError} With the compiler's first error; or at once, while files in the tree have conflicts.
 */
export async function buildTree(
  tree: string,
  kind: Kind,
  target: 'mediasoup-worker' | 'mediasoup-worker-test',
): Promise<string> {
  const tests = target === 'mediasoup-worker-test';
  const reason = reasonNotDebian();

  if (reason) {
    throw new SetUpError(`\`patch build\` needs Debian's libraries, and ${reason}`, {
      advice:
        "mediasoup's own way works in the tree as well: make -C mediasoup/worker, with the internet.\n" +
        'Then MEDIASOUP_WORKER_BIN=mediasoup/worker/out/Release/mediasoup-worker npm start',
    });
  }
  requireResolved(tree);
  await installBuildPackages();

  return withLock(`${tree} ${kind}`, () =>
    step('patch', `compiling what changed (${target}, ${kind})`, async ({ show }) => {
      const sources = await debianSources({ catch2: tests });
      const worker = join(tree, 'worker');
      const buildFolder = join('out', tests ? `${kind}-test` : kind);

      emptyOfOtherRelease(join(worker, buildFolder), versionOf(tree, pristineOf(tree)));
      await placeDebianLibraries(worker, sources);

      return compile({
        worker,
        meson: sources.meson,
        buildFolder,
        options: [...mesonOptions[kind], ...(tests ? ['-Dms_build_tests=true'] : [])],
        target,
        onLine: ninjaProgress(show, process.stderr.isTTY ? 1 : 10),
      });
    }),
  );
}

/**
 * Compiles the worker of the work tree, and notes beside it what is in it.
 *
 * @returns The path of the binary.
 */
export async function buildWorker(root: string, tree: string, kind: Kind): Promise<string> {
  const before = workerOf(tree, kind);
  const note = join(dirname(before), manifestName);

  // A build that fails must not leave a new binary beside an old note.
  rmSync(note, { force: true });

  const binary = await buildTree(tree, kind, 'mediasoup-worker');
  const content = readFileSync(binary);
  const sha256 = createHash('sha256').update(content).digest('hex');
  const manifest: WorkerManifest = {
    mediasoup: versionOf(tree, pristineOf(tree)),
    source: 'tree',
    patches: readCommits(tree).map((patch) => ({
      name: `${patch.name}.patch`,
      sha256: createHash('sha256').update(formatPatch(patch)).digest('hex'),
    })),
    ...debianFacts(),
    buildType: kind,
    platform: readInputs(root).platform,
    key: sha256,
    binary: { sha256, size: content.length },
    builtAt: new Date().toISOString(),
  };

  writeFileSync(note, `${JSON.stringify(manifest, null, 2)}\n`);

  return binary;
}

/** @returns Where the work tree's worker is, or would be. */
export function workerOf(tree: string, kind: Kind): string {
  return join(tree, 'worker/out', kind, 'mediasoup-worker');
}

/** @returns Whether it was built, and what is in it is known. */
export function isBuilt(tree: string, kind: Kind): boolean {
  const binary = workerOf(tree, kind);

  return existsSync(binary) && readManifest(binary) !== undefined;
}
