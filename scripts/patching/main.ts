import type { ParseArgsConfig } from 'node:util';
import { type Command, runCli, UsageError } from '../cli.ts';
import { interruptible } from '../setup/children.mjs';
import { root } from '../setup/paths.mjs';
import { say } from '../setup/step.mjs';
import { pinnedMediasoup } from '../worker/inputs.ts';
import { buildWorker, runPinnedUnitTests, runUnitTests } from './build.ts';
import { check } from './check.ts';
import { exportTree } from './export.ts';
import { patchesFolder, readPatches } from './patch-file.ts';
import { prove } from './prove.ts';
import { begin, checkOut, type Kind, requireNoOperation, requireTree, treeFolder } from './tree.ts';
import { tryUpgrade, upgradeTree } from './upgrade.ts';

const usage = `Usage: npm run patch -- COMMAND [options]

A patch of mediasoup is a commit while you work on it, in the work tree mediasoup/, and a file in patches/ afterwards.

  checkout [--force]        create the work tree from mediasoup's npm tarball, one commit for the tarball and one for
                            each patch. Refuses to lose work; with --force the work stays in the repository
  new NAME                  begin a patch: a commit of your changes, with the header to fill in
  build [--debug|--asan]    compile the worker in the tree; after the first time only what changed
  test  [--release|--asan]  build and run the worker's C++ unit tests; default: a debug build
    [--pinned]              with patches/ instead of the tree; skipped if they have passed with the same code
  export                    write the commits to patches/*.patch and patches/series
  check                     check that the patches apply, in order and alone, that their headers are complete, and that
                            node/lib/fbs agrees with worker/fbs (npm run check does this too)
  upgrade VERSION           rebase the commits onto another mediasoup release
    [--dry-run] [--build]   only print what becomes of each patch; also build and test the result
  prove [NAME...]           show that the tests of each patch fail without it

The life of a patch:

  npm run patch -- checkout
  $EDITOR mediasoup/worker/src/RTC/WebRtcServer.cpp
  npm run patch -- build                       # seconds
  npm start -- --worker=tree                   # your worker and your node/lib, in the browser
  npm run patch -- new say-hello               # a commit; then write its header:
  git -C mediasoup commit --amend --all
  npm run patch -- export                      # patches/say-hello.patch
  npm test && git add patches && git commit

To change an existing patch, use \`git commit --fixup\` and \`git rebase -i --autosquash\` in mediasoup/, an ordinary git
repository. ONEPORT_TREE names another folder. docs/patching.md has a walk-through.
`;

const flag = { type: 'boolean' } as const;
const tree = treeFolder(root);
const pinned = () => readPatches(patchesFolder(root));

/** Gives `run` the types of its options. */
function command<O extends NonNullable<ParseArgsConfig['options']>>(of: Command<O>): Command<O> {
  return of;
}

const commands = {
  checkout: command({
    options: { force: flag },
    async run({ force }) {
      const patches = pinned();
      const release = pinnedMediasoup(root);
      await checkOut(tree, { release, patches, force });
      say(`mediasoup ${release.version} with ${patches.length} patches, one commit each: ${tree}`);
    },
  }),

  new: command({
    options: {},
    positionals: 1,
    run(_, [name]) {
      if (!name) {
        throw new UsageError('a patch needs a name: npm run patch -- new fix-the-look-up');
      }
      requireNoOperation(tree);
      begin(tree, name);
    },
  }),

  build: command({
    options: { debug: flag, asan: flag },
    async run(values) {
      const kind = kindOf(values, 'release');
      requireTree(tree);
      const binary = await buildWorker(root, tree, kind);
      say(
        `${binary}. To run it: npm start -- --worker=tree${kind === 'release' ? '' : `:${kind}`}`,
      );
    },
  }),

  test: command({
    options: { debug: flag, asan: flag, release: flag, pinned: flag },
    async run({ pinned: withPinned, ...values }) {
      const kind = kindOf(values, 'debug');
      if (withPinned) {
        await runPinnedUnitTests(root, pinned(), kind);
      } else {
        requireTree(tree);
        say(await runUnitTests(tree, kind));
      }
    },
  }),

  export: command({
    options: {},
    async run() {
      requireNoOperation(tree);
      sayAll(await exportTree(root, tree));
    },
  }),

  check: command({
    options: {},
    async run() {
      const { patches, complaints } = await check(pinnedMediasoup(root), patchesFolder(root));
      sayAll(complaints.map((complaint) => `patches/${complaint}`));
      say(
        complaints.length === 0
          ? `${patches.length} patches: headers complete; each applies, in order and with what it needs; node/lib/fbs agrees with worker/fbs`
          : `patches/: ${complaints.length} complaints`,
      );
      return complaints.length === 0 ? 0 : 1;
    },
  }),

  upgrade: command({
    options: { 'dry-run': flag, build: flag },
    positionals: 1,
    async run({ 'dry-run': dryRun, build = false }, [version]) {
      if (!version || !/^\d+\.\d+\.\d+/.test(version)) {
        throw new UsageError('upgrade needs a version: npm run patch -- upgrade 3.28.0 --dry-run');
      }
      const to = { version };
      const works = dryRun
        ? await tryUpgrade(root, pinned(), { from: pinnedMediasoup(root), to, build })
        : await upgradeTree(root, tree, { to, build });
      return works ? 0 : 1;
    },
  }),

  prove: command({
    options: {},
    positionals: Number.POSITIVE_INFINITY,
    async run(_, names) {
      return (await prove(root, pinned(), names)) ? 0 : 1;
    },
  }),
};

export const cli = { name: 'patch', usage, commands };

function sayAll(lines: readonly string[]): void {
  for (const line of lines) {
    say(line);
  }
}

function kindOf(values: Partial<Record<Kind, boolean>>, otherwise: Kind): Kind {
  const [kind = otherwise, second] = Object.keys(values) as Kind[];
  if (second) {
    throw new UsageError('--debug, --asan and --release exclude each other');
  }
  return kind;
}

if (import.meta.main) {
  await interruptible(() => runCli(cli));
}
