import { expect, test } from 'vitest';
import { root } from '../setup/paths.mjs';
import { pinnedMediasoup } from '../worker/inputs.ts';
import { git } from './git.ts';
import { withRepository } from './history.ts';
import type { Patch } from './patch-file.ts';
import { commitPristine } from './pristine.ts';
import { samplePatch, wholeHeader } from './testing.ts';
import { type Fate, planUpgrade } from './upgrade-plan.ts';

const file = 'worker/fbs/webRtcServer.fbs';

test.each<{ what: Fate['what']; release: (text: string) => string }>([
  { what: 'applies', release: (text) => text },
  { what: 'applies with offset', release: (text) => `// One.\n// Two.\n${text}` },
  // Too near for a patch's context, and yet not the same line.
  {
    what: 'applies, merged',
    release: (text) => text.replace('table IpPort', '// Near.\ntable IpPort'),
  },
  { what: 'already upstream', release: (text) => text.replace('port: uint16', 'mine: uint16') },
  { what: 'conflicts', release: (text) => text.replace('port: uint16', 'theirs: uint16') },
])('a patch of which the next release says: $what', ({ what, release }) =>
  withRepository(async (repository) => {
    const pristine = await commitPristine(repository, pinnedMediasoup(root));
    const patch = change(repository, pristine, (text) =>
      text.replace('port: uint16', 'mine: uint16'),
    ).patch;
    const next = change(repository, pristine, release).commit;
    const { fates, head } = planUpgrade(repository, [patch], pristine, next);

    expect(fates.map(({ fate }) => fate.what)).toEqual([what]);
    if (what === 'conflicts') {
      expect(fates[0]?.fate).toEqual({ what, files: [file] });
      expect(head).toBe(next);
    } else {
      expect(git(repository, ['show', `${head}:${file}`])).toContain('mine:');
    }
  }),
);

test('a patch that needs one that conflicts is left out, though it would apply', () =>
  withRepository(async (repository) => {
    const pristine = await commitPristine(repository, pinnedMediasoup(root));
    const first = change(repository, pristine, (text) =>
      text.replace('port: uint16', 'mine: uint16'),
    );
    const second = change(repository, first.commit, (text) => `// Mine too.\n${text}`).patch;
    const body = wholeHeader.replace('nothing', 'sample');
    const next = change(repository, pristine, (text) =>
      text.replace('port: uint16', 'theirs: uint16'),
    ).commit;
    const fatesOf = (patches: readonly Patch[]) =>
      planUpgrade(repository, patches, pristine, next).fates.map(({ fate }) => fate);

    expect(fatesOf([first.patch, { ...second, name: 'second', body }])).toEqual([
      { what: 'conflicts', files: [file] },
      { what: 'left out', needs: 'sample' },
    ]);
    expect(fatesOf([first.patch, { ...second, name: 'second' }])).toMatchObject([
      { what: 'conflicts' },
      { what: 'applies' },
    ]);
  }));

/** Changes one file of a commit, without a work tree. */
function change(
  repository: string,
  parent: string,
  edit: (text: string) => string,
): { commit: string; patch: Patch } {
  const env = { GIT_INDEX_FILE: `${repository}/.git/edited` };
  const text = edit(git(repository, ['show', `${parent}:${file}`]));
  const blob = git(repository, ['hash-object', '-w', '--stdin'], { input: text }).trim();

  git(repository, ['read-tree', parent], { env });
  git(repository, ['update-index', '--cacheinfo', `100644,${blob},${file}`], { env });

  const tree = git(repository, ['write-tree'], { env }).trim();
  const commit = git(repository, ['commit-tree', tree, '-p', parent], { input: 'x\n' }).trim();
  const diff = git(repository, ['diff-tree', '-p', '--full-index', parent, commit]);

  return { commit, patch: { ...samplePatch('', ''), diff } };
}
