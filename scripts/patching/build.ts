import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { withLock } from '../setup/lock.mjs';
import { cacheFolder } from '../setup/paths.mjs';
import { runLogged } from '../setup/run-logged.mjs';
import { SetUpError } from '../setup/set-up-error.mjs';
import { say, step } from '../setup/step.mjs';
import { pinnedMediasoup, readInputs } from '../worker/inputs.ts';
import { manifestName, type WorkerManifest } from '../worker/manifest.ts';
import {
  debianFacts,
  debianSources,
  installBuildPackages,
  reasonNotDebian,
} from '../worker/recipe/debian.ts';
import { compile, releaseOptions } from '../worker/recipe/meson.ts';
import { placeDebianLibraries } from '../worker/recipe/subprojects.ts';
import { ninjaProgress } from '../worker/ways.ts';
import { formatPatch, type Patch, pathsOf } from './patch-file.ts';
import { readCommits, versionOf } from './repository.ts';
import { checkOut, type Kind } from './tree.ts';

const mesonOptions: Record<Kind, readonly string[]> = {
  release: releaseOptions,
  debug: ['--buildtype=debug'],
  asan: ['--buildtype=debugoptimized', '-Db_sanitize=address', '-Db_lundef=false'],
};

/**
 * Compiles the worker or its unit tests in a work tree; after the first time only what changed.
 *
 * @returns the path of the binary
 * @throws SetUpError with the compiler's first error
 */
export async function buildTree(
  tree: string,
  kind: Kind,
  target: 'mediasoup-worker' | 'mediasoup-worker-test',
): Promise<string> {
  const tests = target === 'mediasoup-worker-test';
  const reason = reasonNotDebian();
  if (reason) {
    throw new SetUpError(`\`patch build\` needs Debian's libraries: ${reason}`, {
      advice:
        "mediasoup's own build works in the tree too, with internet access: make -C mediasoup/worker\n" +
        'Then: MEDIASOUP_WORKER_BIN=mediasoup/worker/out/Release/mediasoup-worker npm start',
    });
  }
  await installBuildPackages();
  return withLock(`${tree} ${kind}`, () =>
    step('patch', `compiling what changed (${target}, ${kind})`, async ({ show }) => {
      const sources = await debianSources({ catch2: tests });
      const worker = join(tree, 'worker');
      const buildFolder = join('out', tests ? `${kind}-test` : kind);
      emptyAfterUpgrade(join(worker, buildFolder), versionOf(tree));
      await placeDebianLibraries(worker, sources);
      return compile({
        worker,
        meson: sources.meson,
        buildFolder,
        options: [...mesonOptions[kind], ...(tests ? ['-Dms_build_tests=true'] : [])],
        target,
        onLine: ninjaProgress(show),
      });
    }),
  );
}

/**
 * Empties a build folder that another release of mediasoup, or an unknown one, was built in: ninja would reuse objects
 * by names that differ between releases (3.27.1 moved what flatc generates).
 */
export function emptyAfterUpgrade(folder: string, version: string): void {
  const note = join(folder, 'mediasoup-version');
  if (!existsSync(note) || readFileSync(note, 'utf8') !== version) {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    writeFileSync(note, version);
  }
}

/**
 * Compiles the worker of a work tree and writes its manifest.
 *
 * @param root - the checkout
 * @returns the path of the binary
 */
export async function buildWorker(root: string, tree: string, kind: Kind): Promise<string> {
  const manifestFile = join(tree, 'worker/out', kind, manifestName);
  // A failed build must not leave a new binary beside an old manifest.
  rmSync(manifestFile, { force: true });
  const binary = await buildTree(tree, kind, 'mediasoup-worker');
  const content = readFileSync(binary);
  const manifest: WorkerManifest = {
    mediasoup: versionOf(tree),
    source: 'tree',
    patches: readCommits(tree).map((patch) => ({
      name: `${patch.name}.patch`,
      sha256: sha256(formatPatch(patch)),
    })),
    ...debianFacts(),
    buildType: kind,
    platform: readInputs(root).platform,
    key: sha256(content),
    binary: { sha256: sha256(content), size: content.length },
    builtAt: new Date().toISOString(),
  };
  writeFileSync(manifestFile, `${JSON.stringify(manifest, null, 2)}\n`);
  return binary;
}

/**
 * Checks out patches in a work tree in our cache, for checks and proofs. Builds stay there, so that the next one
 * compiles only the difference.
 */
export async function inCacheTree<T>(
  root: string,
  patches: readonly Patch[],
  work: (tree: string) => Promise<T>,
): Promise<T> {
  const release = pinnedMediasoup(root);
  const tree = join(cacheFolder(), 'trees', `mediasoup-${release.version}`);
  return withLock(tree, async () => {
    await checkOut(tree, { release, patches, force: true });
    return work(tree);
  });
}

/** It reads worker/test/data/packet1.raw, which mediasoup's repository has and its npm tarball does not. */
const leftOut = 'Scenario: RTP Packet';

/**
 * Builds and runs the worker's own C++ unit tests.
 *
 * @returns their summary
 * @throws SetUpError if a test fails
 */
export async function runUnitTests(tree: string, kind: Kind): Promise<string> {
  const worker = join(tree, 'worker');
  const binary = await buildTree(tree, kind, 'mediasoup-worker-test');
  const filter = `~"${leftOut}"`;
  // The tests open files relative to the worker's folder.
  const output = await runLogged(binary, [filter], {
    what: "the worker's unit tests",
    cwd: worker,
    advice: `To run only the tests again:\n  cd ${worker} && ${binary} '${filter}'`,
  });
  return `${output.trimEnd().split('\n').at(-1)} (without ${leftOut})`;
}

/**
 * Runs the C++ unit tests with the patches of the checkout, unless they have passed with the same code.
 *
 * @throws SetUpError if a test fails
 */
export async function runPinnedUnitTests(
  root: string,
  patches: readonly Patch[],
  kind: Kind,
): Promise<void> {
  const { mediasoup, recipe, platform } = readInputs(root);
  // A change in a header, or in a patch of the JavaScript, compiles nothing.
  const diffs = patches
    .filter((patch) => pathsOf(patch).some((path) => path.startsWith('worker/')))
    .map(({ diff }) => diff);
  const key = sha256(JSON.stringify({ mediasoup, recipe, platform, kind, diffs }));
  const passed = join(cacheFolder(), 'unit-tests', key);
  if (existsSync(passed)) {
    say(`the worker's C++ unit tests have passed with this code: ${passed}`);
    return;
  }
  const report = await inCacheTree(root, patches, (tree) => runUnitTests(tree, kind));
  say(`the worker's C++ unit tests: ${report}`);
  mkdirSync(dirname(passed), { recursive: true });
  writeFileSync(passed, `${report}\n`);
}

function sha256(content: string | Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}
