import { SetUpError } from '../setup/set-up-error.mjs';
import { pinnedMediasoup } from '../worker/inputs.ts';
import { changedByRoundTrip, checkPatch } from './check.ts';
import { git } from './git.ts';
import { type Patch, patchesFolder, writePatches } from './patch-file.ts';
import { applySeries, pristineOf, readCommits, versionOf } from './repository.ts';
import { exportedRef, uncommitted } from './tree.ts';

/** The header begins in the third line of a commit's message. */
const headerLine = 3;

/**
 * Writes the commits of a work tree to patches/.
 *
 * @param root - the checkout
 * @returns what changed and what is left to do, one line each
 * @throws SetUpError naming the commits that cannot become patches
 */
export async function exportTree(root: string, tree: string): Promise<string[]> {
  const patches = readCommits(tree);
  const complaints = patches.flatMap((patch, index) =>
    checkPatch(patch, patches.slice(0, index), headerLine).map(
      ({ line, what }) => `${patch.name}, line ${line} of its message: ${what}`,
    ),
  );
  if (complaints.length === 0) {
    complaints.push(...(await roundTripComplaints(tree, patches)));
  }
  if (complaints.length > 0) {
    throw new SetUpError('nothing is exported', {
      tail: complaints.join('\n'),
      advice: `\`git -C ${tree} commit --amend --all\` (or \`rebase -i\`) changes a commit and its message.`,
    });
  }
  const changes = writePatches(patchesFolder(root), patches);
  git(tree, ['update-ref', exportedRef, 'HEAD']);
  const lines = [
    ...changes,
    `${patches.length} patches in patches/${changes.length === 0 ? ', unchanged' : ''}`,
    ...uncommitted(tree).map((line) => `not committed, so not exported: ${line}`),
  ];
  const version = versionOf(tree);
  const pinned = pinnedMediasoup(root).version;
  if (version !== pinned) {
    const install = `npm install --save-exact --workspace server mediasoup@${version} && npm test`;
    lines.push(`for mediasoup ${version}; package-lock.json pins ${pinned}. Next:`, `  ${install}`);
  }
  return lines;
}

/** A commit that `git am` would not restore, such as one whose subject begins with `Re:`, must not be exported. */
async function roundTripComplaints(tree: string, patches: readonly Patch[]): Promise<string[]> {
  const applied = await applySeries(tree, pristineOf(tree), patches);
  if ('failed' in applied) {
    return [`${applied.failed.name}: does not apply as a file: ${applied.why}`];
  }
  const changed = changedByRoundTrip(patches, readCommits(tree, applied.head));
  return changed.map((name) => `${name}: would be a different commit after a checkout`);
}
