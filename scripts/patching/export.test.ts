import { cpSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, test, vi } from 'vitest';
import { temporaryFolder, write } from '../../testkit/system/temporary-folder.ts';
import { root } from '../setup/paths.mjs';
import { pinnedMediasoup } from '../worker/inputs.ts';
import { getTarball } from '../worker/tarball.ts';
import { exportTree } from './export.ts';
import { git } from './git.ts';
import { formatPatch, patchesFolder, readPatches, writePatches } from './patch-file.ts';
import { commitSeries, readCommits, store } from './repository.ts';
import { checkedOut, commitFiles, header, script, smallRelease, source } from './testing.ts';
import { checkOut } from './tree.ts';

const trailers = 'Signed-off-by: A Person <person@localhost>\nChange-Id: I0123456789abcdef';

let release: { version: string; integrity: string };
let tree: string;
let checkout: string;

beforeEach(async () => {
  release = smallRelease();
  tree = await checkedOut(release);
  checkout = temporaryFolder({
    'patches/series': '',
    'package-lock.json': JSON.stringify({ packages: { 'node_modules/mediasoup': release } }),
  });
});

test("our own patches come back byte for byte, whatever the user's git configuration is", async () => {
  vi.unstubAllEnvs();
  const pinned = pinnedMediasoup(root);
  const tarball = await getTarball(pinned);
  const patches = readPatches(patchesFolder(root));
  const hash = await commitSeries(pinned, patches);
  const cache = temporaryFolder({ 'tarballs/.keep': '' });
  const home = temporaryFolder({
    '.gitconfig': [
      '[core]\n\tabbrev = 4\n\tautocrlf = true\n\tattributesFile = ~/attributes\n\texcludesFile = ~/ignore',
      '[core]\n\thooksPath = ~/hooks\n[safe]\n\tbareRepository = explicit\n[am]\n\tthreeWay = true\n\tkeepcr = false',
      '[diff]\n\talgorithm = patience\n\tnoprefix = true\n\tcontext = 9\n\tmnemonicPrefix = true',
      '[diff]\n\trenames = copies\n\torderFile = ~/order\n\tsuppressBlankEmpty = true\n\texternal = false',
      '[commit]\n\tgpgSign = true\n[user]\n\tname = Me\n\temail = me@localhost',
      '[apply]\n\twhitespace = fix\n[i18n]\n\tcommitEncoding = ISO-8859-1\n\tlogOutputEncoding = ISO-8859-1',
      '[init]\n\tdefaultObjectFormat = sha256\n[mailinfo]\n\tscissors = true\n[color]\n\tui = always\n',
    ].join('\n'),
    attributes: '* diff=nonsense\n',
    ignore: '*\n',
    order: '*.cpp\n',
  });
  symlinkSync(tarball, join(cache, 'tarballs', `mediasoup-${pinned.version}.tgz`));
  vi.stubEnv('ONEPORT_CACHE', cache);
  vi.stubEnv('HOME', home);
  vi.stubEnv('GIT_DIR', '/nonexistent');
  vi.stubEnv('GIT_DIFF_OPTS', '--unified=1');
  vi.stubEnv('GIT_EXTERNAL_DIFF', 'false');

  expect(await commitSeries(pinned, patches)).toBe(hash);
  git(store(), ['config', 'diff.noprefix', 'true']);
  git(store(), ['config', 'diff.suppressBlankEmpty', 'true']);
  const empty = temporaryFolder();
  const copy = temporaryFolder();
  writePatches(empty, readCommits(store(), hash));
  cpSync(patchesFolder(root), copy, { recursive: true });

  const ours = readdirSync(copy).filter((name) => name === 'series' || name.endsWith('.patch'));
  expect(readdirSync(empty).sort()).toEqual(ours.sort());
  for (const name of ours) {
    expect(readFileSync(join(empty, name))).toEqual(readFileSync(join(copy, name)));
  }
  expect(writePatches(copy, readCommits(store(), hash))).toEqual([]);
});

test('a commit is exported, checked out again, and exported without a change', async () => {
  commitFiles(tree, { [source]: 'int changed;\n', 'worker/src/New.cpp': 'int more;\n' });
  const exported = readCommits(tree);

  expect(await exportTree(checkout, tree)).toEqual([
    ...['new: sample.patch', 'changed: series', '1 patches in patches/'],
  ]);
  const patches = readPatches(patchesFolder(checkout));
  expect(patches).toEqual(exported);
  const other = await checkedOut(release, patches);
  expect(readFileSync(join(other, 'worker/src/New.cpp'), 'utf8')).toBe('int more;\n');
  expect(await exportTree(checkout, other)).toEqual(['1 patches in patches/, unchanged']);

  write(other, { 'worker/src/New.cpp': '' });
  git(other, ['reset', '--quiet', '--soft', 'HEAD^']);
  expect(await exportTree(checkout, other)).toEqual([
    ...['removed: sample.patch', 'changed: series', '0 patches in patches/'],
    expect.stringMatching(/^not committed, so not exported: /),
    expect.stringMatching(/^not committed, so not exported: /),
  ]);
});

test('export says what to install when the tree is of another release than the lock file', async () => {
  commitFiles(tree, { [source]: 'int changed;\n' });
  const lock = { packages: { 'node_modules/mediasoup': { ...release, version: '0.0.0' } } };
  write(checkout, { 'package-lock.json': JSON.stringify(lock) });

  expect((await exportTree(checkout, tree)).join('\n')).toMatch(
    /package-lock\.json pins 0\.0\.0[\s\S]*npm install .* mediasoup@0\.0\.1/,
  );
});

test.each<[string, Record<string, string | Buffer>]>([
  ['a binary file', { 'worker/test/data/packet.raw': Buffer.from([0, 1, 2, 0xff, 0x0a, 0]) }],
  ['bytes that are not UTF-8', { [source]: Buffer.from('// \xfcml\xe4ut\n', 'latin1') }],
  ['CRLF line ends', { [source]: 'int a;\r\nint b;\r\n' }],
  ['no line feed at the end', { [source]: 'int a;' }],
  ['a path with a space and an umlaut', { 'worker/src/naïve file.cpp': 'int a;\n' }],
])('a patch with %s reaches the tree and the build unchanged', async (_, files) => {
  commitFiles(tree, files);
  // A patch after it shows that nothing is lost in between.
  commitFiles(tree, { [script]: 'changed();\n' }, { name: 'second' });
  await exportTree(checkout, tree);

  const other = join(temporaryFolder(), 'mediasoup');
  await checkOut(other, { release, patches: readPatches(patchesFolder(checkout)) });
  for (const [path, content] of Object.entries(files)) {
    expect(readFileSync(join(other, path))).toEqual(Buffer.from(content));
  }
  expect(readFileSync(join(other, script), 'utf8')).toBe('changed();\n');
});

test('trailers of a commit are kept', async () => {
  commitFiles(tree, { [source]: 'int changed;\n' }, { name: 'signed' });
  const message = git(tree, ['log', '-1', '--format=%B']);
  git(tree, ['commit', '--amend', '--quiet', '--file=-'], {
    input: `${message.trim()}\n${trailers}\n`,
  });
  await exportTree(checkout, tree);

  const [patch] = readPatches(patchesFolder(checkout));
  expect(patch).toMatchObject({ name: 'signed', body: `${header}\n\n${trailers}` });
  const other = await checkedOut(release, readPatches(patchesFolder(checkout)));
  expect(git(other, ['log', '-1', '--format=%(trailers:key=Change-Id,valueonly)']).trim()).toBe(
    'I0123456789abcdef',
  );
  expect(await exportTree(checkout, other)).toEqual(['1 patches in patches/, unchanged']);
});

test('export refuses commits without a header, without a change, or with the same name', async () => {
  git(tree, ['commit', '--quiet', '--allow-empty', '--message=Nothing']);
  commitFiles(tree, { [source]: 'int one;\n' });
  commitFiles(tree, { [source]: 'int two;\n' });
  const error = await exportTree(checkout, tree).catch(String);

  expect(error).toMatch(/nothing, line 3 of its message: changes nothing/);
  expect(error).toMatch(/nothing, line \d of its message: `Why:` is missing/);
  expect(error).toMatch(/sample, line 3 of its message: is the second patch with this name/);
});

test('export refuses merges', async () => {
  commitFiles(tree, { [source]: 'int one;\n' });
  git(tree, ['checkout', '--quiet', '-b', 'side', 'HEAD^']);
  commitFiles(tree, { [script]: 'two();\n' }, { name: 'two' });
  git(tree, ['merge', '--quiet', '--no-edit', 'patches']);

  await expect(exportTree(checkout, tree)).rejects.toThrow(/is a merge, which cannot become/);
});

test.each([
  ['subject', `Re: a subject\n\n${header}\n\nPatch: odd\n`],
  ['header', `A subject\n\n${header.replace(' one', ' one\n---\n')}\n\nPatch: odd\n`],
])('export refuses a commit whose %s `git am` would change', async (_, input) => {
  commitFiles(tree, { [source]: 'int one;\n' });
  git(tree, ['commit', '--amend', '--quiet', '--cleanup=verbatim', '--file=-'], { input });

  await expect(exportTree(checkout, tree)).rejects.toThrow(/nothing is exported\n {2}\| odd/);
  expect(readPatches(patchesFolder(checkout)).map(formatPatch)).toEqual([]);
});
