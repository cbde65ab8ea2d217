import { appendFileSync, cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { temporaryFolder } from '../../testkit/system/temporary-folder.ts';
import { root } from '../setup/paths.mjs';
import { pinnedMediasoup } from '../worker/inputs.ts';
import { checkOut } from './checkout.ts';
import { complaintsAbout, readCommits, writePatches } from './export.ts';
import { git } from './git.ts';
import { commitSeries, withRepository } from './history.ts';
import { begin } from './new.ts';
import { patchesFolder, readPatches } from './series.ts';
import { checkedOut, wholeHeader } from './testing.ts';
import { unexported } from './tree.ts';

const release = pinnedMediasoup(root);

// Each writes mediasoup's 1800 files.
vi.setConfig({ testTimeout: 60_000 });

test('what is checked out and exported without a change is the same folder, byte for byte', async () => {
  const tree = await checkedOut();
  const empty = temporaryFolder();
  const ours = patchesFolder(root);

  writePatches(empty, readCommits(tree));

  const names = readdirSync(ours).filter((name) => name === 'series' || name.endsWith('.patch'));

  expect(readdirSync(empty).sort()).toEqual(names.sort());
  for (const name of names) {
    expect(readFileSync(join(empty, name), 'utf8')).toBe(readFileSync(join(ours, name), 'utf8'));
  }

  const copy = temporaryFolder();

  cpSync(ours, copy, { recursive: true });
  expect(writePatches(copy, readCommits(tree))).toEqual([]);
});

test("nobody's git configuration changes a byte or a hash", async () => {
  const tree = await checkedOut();
  const plain = readCommits(tree);
  const hash = git(tree, ['rev-parse', 'HEAD']);
  const home = temporaryFolder({
    '.gitconfig': [
      '[core]\n\tabbrev = 4\n\tautocrlf = true\n\tattributesFile = ~/attributes\n\texcludesFile = ~/ignore',
      '[diff]\n\talgorithm = patience\n\tnoprefix = true\n\tcontext = 9\n\tmnemonicPrefix = true',
      '[diff]\n\trenames = copies\n\torderFile = ~/order\n\tsuppressBlankEmpty = true',
      '[commit]\n\tgpgSign = true\n[user]\n\tname = Me\n\temail = me@localhost',
      '',
    ].join('\n'),
    attributes: '* diff=nonsense\n',
    ignore: '*\n',
    order: '*.cpp\n',
  });

  vi.stubEnv('HOME', home);
  vi.stubEnv('GIT_DIR', '/nonexistent');
  vi.stubEnv('GIT_DIFF_OPTS', '--unified=1');
  onTestFinished(() => {
    vi.unstubAllEnvs();
  });

  for (const [key, value] of [
    ['diff.noprefix', 'true'],
    ['diff.algorithm', 'patience'],
    ['diff.suppressBlankEmpty', 'true'],
    ['core.abbrev', '4'],
  ] as const) {
    git(tree, ['config', key, value]);
  }

  expect(readCommits(tree)).toEqual(plain);
  await withRepository(async (repository) => {
    const patches = readPatches(patchesFolder(root));

    expect(`${await commitSeries(repository, release, patches)}\n`).toBe(hash);
  });
});

test('a line changed, begun as a patch, its header written, is exported; and checked out again it is there', async () => {
  const tree = await checkedOut();
  const patches = copyOfOurs();
  const before = readCommits(tree).length;

  vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  onTestFinished(() => {
    vi.restoreAllMocks();
  });
  appendFileSync(join(tree, 'worker/src/Worker.cpp'), '// One line more.\n');
  begin(tree, 'one-line-more');

  expect(complaintsAbout(readCommits(tree))).toHaveLength(4);
  expect(unexported(tree)).toHaveLength(1);

  git(tree, ['commit', '--amend', '--quiet', '--file=-'], {
    input: `One line more\n\n${wholeHeader}\n\nPatch: one-line-more\n`,
  });

  const commits = readCommits(tree);

  expect(complaintsAbout(commits)).toEqual([]);
  expect(writePatches(patches, commits)).toEqual(['new: one-line-more.patch', 'changed: series']);

  expect(commits).toHaveLength(before + 1);
  await withRepository(async (repository) => {
    const head = await commitSeries(repository, release, readPatches(patches));

    expect(readCommits(repository, head)).toEqual(commits);
    expect(git(repository, ['show', `${head}:worker/src/Worker.cpp`])).toMatch(/One line more/);
  });
});

test("a patch isn't begun for somebody whom git doesn't know", async () => {
  const tree = await checkedOut();
  const before = readCommits(tree);

  git(tree, ['config', '--unset', 'user.email']);
  vi.stubEnv('HOME', temporaryFolder());
  vi.stubEnv('XDG_CONFIG_HOME', undefined);
  vi.stubEnv('GIT_CONFIG_GLOBAL', undefined);
  vi.stubEnv('GIT_CONFIG_NOSYSTEM', '1');
  vi.stubEnv('GIT_AUTHOR_EMAIL', undefined);
  vi.stubEnv('EMAIL', undefined);
  onTestFinished(() => {
    vi.unstubAllEnvs();
  });
  appendFileSync(join(tree, 'worker/src/Worker.cpp'), '// One line more.\n');

  expect(() => begin(tree, 'one-line-more')).toThrow(/git config --global user\.email/);
  expect(readCommits(tree)).toEqual(before);
});

test('export refuses what has no header or changes nothing; a patch whose commit is gone is gone', async () => {
  const tree = await checkedOut();
  const patches = copyOfOurs();
  const names = readPatches(patches).map(({ name }) => name);

  git(tree, ['commit', '--quiet', '--allow-empty', '--message=Nothing']);

  const complaints = complaintsAbout(readCommits(tree)).join('\n');

  expect(complaints).toMatch(/nothing \(Nothing\): changes nothing yet/);
  expect(complaints).toMatch(/nothing \(Nothing\): line \d+ of its message: `Why:` is missing/);

  git(tree, ['reset', '--quiet', '--hard', 'HEAD~2']);

  expect(writePatches(patches, readCommits(tree))).toEqual([
    `removed: ${names.at(-1)}.patch`,
    'changed: series',
  ]);
});

test("a checkout refuses to lose anybody's work; with force the work stays in the repository", async () => {
  const tree = await checkedOut();
  const options = { release, patches: readPatches(patchesFolder(root)) };

  writeFileSync(join(tree, 'worker/new.txt'), 'precious\n');
  await expect(checkOut(tree, options)).rejects.toThrow(/not committed: \?\? worker\/new\.txt/);

  git(tree, ['add', '--all']);
  git(tree, ['commit', '--quiet', '--message=Precious']);
  await expect(checkOut(tree, options)).rejects.toThrow(/not exported: \w+ Precious/);

  git(tree, ['branch', 'aside']);
  git(tree, ['reset', '--quiet', '--hard', 'HEAD^']);
  await expect(checkOut(tree, options)).rejects.toThrow(/not exported: \w+ Precious/);
  git(tree, ['checkout', '--quiet', '-B', 'patches', 'aside']);
  git(tree, ['branch', '--quiet', '-D', 'aside']);

  vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  onTestFinished(() => {
    vi.restoreAllMocks();
  });
  await checkOut(tree, { ...options, force: true });

  const [kept] = git(tree, [
    'for-each-ref',
    '--format=%(refname)',
    'refs/oneport/replaced-*',
  ]).split('\n');

  expect(git(tree, ['show', `${kept}:worker/new.txt`])).toBe('precious\n');
  await expect(checkOut(tree, options)).resolves.toBeTruthy();
});

function copyOfOurs(): string {
  const copy = temporaryFolder();

  cpSync(patchesFolder(root), copy, { recursive: true });

  return copy;
}
