import { join } from 'node:path';
import { root } from '../setup/paths.mjs';
import { SetUpError } from '../setup/set-up-error.mjs';
import { say } from '../setup/step.mjs';
import { pinnedMediasoup } from '../worker/inputs.ts';
import { buildWorker, type Kind } from './build.ts';
import { runPinnedUnitTests } from './cache-tree.ts';
import { checkApplying, checkFiles } from './check.ts';
import { checkOut } from './checkout.ts';
import type { Command, Options } from './command-line.ts';
import { complaintsAbout, readCommits, writePatches } from './export.ts';
import { checkSchema, hasFlatc } from './fbs-check.ts';
import { git } from './git.ts';
import { pristineOf, versionOf, withRepository } from './history.ts';
import { begin } from './new.ts';
import { type Patch, pathsOf } from './patch-file.ts';
import { prove } from './prove.ts';
import { patchesFolder, readPatches } from './series.ts';
import { exportedRef, requireNoOperation, requireTree, treeFolder, uncommitted } from './tree.ts';
import { runUnitTests } from './unit-tests.ts';
import { tryUpgrade, upgradeTree } from './upgrade.ts';

/** What each command takes and does. */
export const commands: Record<string, Command> = {
  checkout: {
    options: ['force'],
    async run(_, { force }) {
      const folder = treeFolder(root);
      const patches = readPatches(patchesFolder(root));
      const release = pinnedMediasoup(root);

      await checkOut(folder, { release, patches, force });
      say(`mediasoup ${release.version} with ${patches.length} patches, a commit each: ${folder}`);

      return 0;
    },
  },

  new: {
    operands: 1,
    run([name]) {
      const folder = treeFolder(root);

      requireTree(folder);
      requireNoOperation(folder);
      if (!name) {
        throw new SetUpError('a patch needs a name: `npm run patch -- new fix-the-look-up`');
      }
      begin(folder, name);

      return 0;
    },
  },

  export: {
    run() {
      const folder = treeFolder(root);

      requireTree(folder);
      requireNoOperation(folder);

      const patches = readCommits(folder);
      const complaints = complaintsAbout(patches);

      if (complaints.length > 0) {
        throw new SetUpError('nothing is exported', {
          tail: complaints.join('\n'),
          advice: `\`git -C ${folder} commit --amend\` (or \`rebase -i\`, reword) mends a message.`,
        });
      }

      const changes = writePatches(patchesFolder(root), patches);

      git(folder, ['update-ref', exportedRef, 'HEAD']);
      for (const change of changes) {
        say(change);
      }
      say(`${patches.length} patches in patches/${changes.length === 0 ? ', as they were' : ''}`);
      for (const line of uncommitted(folder)) {
        say(`not committed, so not exported: ${line}`);
      }
      tellOfAnotherRelease(folder);

      return 0;
    },
  },

  build: {
    options: ['asan', 'debug'],
    async run(_, options) {
      const folder = treeFolder(root);

      requireTree(folder);

      const kind = kindOf(options);
      const binary = await buildWorker(root, folder, kind);

      say(
        `${binary}, and with it: npm start -- --worker=tree${kind === 'release' ? '' : `:${kind}`}`,
      );

      return 0;
    },
  },

  test: {
    options: ['asan', 'debug', 'pinned', 'release'],
    async run(_, options) {
      const kind = kindOf(options, 'debug');

      if (options.pinned) {
        await runPinnedUnitTests(root, readPatches(patchesFolder(root)), kind);

        return 0;
      }

      const folder = treeFolder(root);

      requireTree(folder);

      const { summary, left } = await runUnitTests(folder, kind);

      for (const line of left) {
        say(`left out: ${line}`);
      }
      say(summary);

      return 0;
    },
  },

  upgrade: {
    operands: 1,
    options: ['build', 'dry-run'],
    async run([version], options) {
      if (!version || !/^\d+\.\d+\.\d+/.test(version)) {
        throw new SetUpError(
          'upgrade needs a version: `npm run patch -- upgrade 3.28.0 --dry-run`',
        );
      }

      const build = options.build ?? false;

      if (options['dry-run']) {
        const from = pinnedMediasoup(root);
        const patches = readPatches(patchesFolder(root));

        return (await tryUpgrade(root, patches, { from, to: { version }, build })) ? 0 : 1;
      }

      return (await upgradeTree(root, treeFolder(root), { to: { version }, build })) ? 0 : 1;
    },
  },

  prove: {
    operands: Number.POSITIVE_INFINITY,
    async run(names) {
      const patches = readPatches(patchesFolder(root));

      return (await prove(root, patches, names)) ? 0 : 1;
    },
  },

  check: {
    async run() {
      const { patches, complaints } = checkFiles(patchesFolder(root));

      if (complaints.length === 0) {
        await withRepository(async (repository) => {
          const applied = await checkApplying(repository, pinnedMediasoup(root), patches);

          complaints.push(...applied.complaints);
          if (complaints.length === 0) {
            complaints.push(...(await schemaComplaints(repository, applied.head, patches)));
          }
        });
      }
      for (const complaint of complaints) {
        say(`patches/${complaint}`);
      }
      say(
        complaints.length === 0
          ? `${patches.length} patches: headers whole; each applies, in order and with what it needs; node/lib/fbs is as worker/fbs says`
          : `patches/: ${complaints.length} complaints`,
      );

      return complaints.length === 0 ? 0 : 1;
    },
  },
};

function tellOfAnotherRelease(folder: string): void {
  const version = versionOf(folder, pristineOf(folder));
  const pinned = pinnedMediasoup(root).version;

  if (version !== pinned) {
    say(`these patches are for mediasoup ${version}, package-lock.json pins ${pinned}. Next:`);
    say(`  npm install --save-exact --workspace server mediasoup@${version} && npm test`);
  }
}

async function schemaComplaints(
  repository: string,
  head: string,
  patches: readonly Patch[],
): Promise<string[]> {
  const touched = patches.some(({ diff }) =>
    pathsOf(diff).some((path) => /^(worker|node\/lib)\/fbs\//.test(path)),
  );

  if (!touched && !hasFlatc()) {
    return [];
  }
  git(repository, ['checkout', '--quiet', head, '--', 'worker/fbs', 'node/lib/fbs']);

  return checkSchema(repository, join(repository, '.git/flatc'));
}

function kindOf({ debug, asan, release }: Options, otherwise: Kind = 'release'): Kind {
  if (Number(debug ?? 0) + Number(asan ?? 0) + Number(release ?? 0) > 1) {
    throw new SetUpError('--debug, --asan and --release exclude each other');
  }

  return asan ? 'asan' : debug ? 'debug' : release ? 'release' : otherwise;
}
