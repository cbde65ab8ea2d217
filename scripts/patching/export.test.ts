import { cpSync, existsSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, test, vi } from 'vitest';
import { temporaryFolder, write } from '../../testkit/system/temporary-folder.ts';
import { root } from '../setup/paths.mjs';
import { pinnedMediasoup, readSeries } from '../worker/inputs.ts';
import { getSource } from '../worker/recipe/source.ts';
import { getTarball } from '../worker/tarball.ts';
import { exportTree } from './export.ts';
import { git } from './git.ts';
import { patchesFolder, readPatches, writePatches } from './patch-file.ts';
import { commitSeries, readCommits, store } from './repository.ts';
import { checkedOut, commitFiles, header, script, smallRelease, source } from './testing.ts';

const trailers = 'Signed-off-by: A Person <person@localhost>\nChange-Id: I0123456789abcdef';
const unchanged = [expect.stringMatching(/^\d patches in patches\/, unchanged$/)];

let release: ReturnType<typeof smallRelease>;
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
  const patches = readPatches(patchesFolder(root));
  const hash = await commitSeries(pinned, patches);
  const tarball = await getTarball(pinned);
  const cache = temporaryFolder({ 'tarballs/.keep': '' });
  symlinkSync(tarball, join(cache, 'tarballs', `mediasoup-${pinned.version}.tgz`));
  const home = temporaryFolder({
    '.gitconfig': `
      [core] abbrev = 4\nautocrlf = true\nattributesFile = ~/attributes\nexcludesFile = ~/ignore\nhooksPath = ~/hooks
      [diff] algorithm = patience\nnoprefix = true\ncontext = 9\nmnemonicPrefix = true\nexternal = false
      [diff] renames = copies\norderFile = ~/order\nsuppressBlankEmpty = true
      [commit] gpgSign = true\n[user] name = Me\nemail = me@localhost\n[safe] bareRepository = explicit
      [am] threeWay = true\nkeepcr = false\n[apply] whitespace = fix\n[mailinfo] scissors = true
      [i18n] commitEncoding = ISO-8859-1\nlogOutputEncoding = ISO-8859-1\n[color] ui = always
      [init] defaultObjectFormat = sha256`,
    attributes: '* diff=nonsense\n',
    ignore: '*\n',
    order: '*.cpp\n',
  });
  const environment = { ONEPORT_CACHE: cache, HOME: home, GIT_DIR: '/nonexistent' };
  const more = { GIT_DIFF_OPTS: '--unified=1', GIT_EXTERNAL_DIFF: 'false' };
  for (const [name, value] of Object.entries({ ...environment, ...more })) {
    vi.stubEnv(name, value);
  }

  expect(await commitSeries(pinned, patches)).toBe(hash);
  git(store(), ['config', 'diff.noprefix', 'true']);
  git(store(), ['config', 'diff.suppressBlankEmpty', 'true']);
  const empty = temporaryFolder();
  const copy = temporaryFolder();
  const commits = readCommits(store(), hash);
  writePatches(empty, commits);
  cpSync(patchesFolder(root), copy, { recursive: true });

  const ours = readdirSync(copy).filter((name) => name === 'series' || name.endsWith('.patch'));
  expect(readdirSync(empty).sort()).toEqual(ours.sort());
  for (const name of ours) {
    expect(readFileSync(join(empty, name))).toEqual(readFileSync(join(copy, name)));
  }
  expect(writePatches(copy, commits)).toEqual([]);
});

test('commits are exported, and their patches checked out and built, without losing a byte or a trailer', async () => {
  const files = {
    'worker/test/data/packet.raw': Buffer.from([0, 1, 2, 0xff, 0x0a, 0]),
    [source]: Buffer.from('// \xfcml\xe4ut\n', 'latin1'),
    'worker/src/Crlf.cpp': 'int a;\r\nint b;\r\n',
    'worker/src/NoLineFeed.cpp': 'int a;',
    'worker/src/naïve file.cpp': 'int a;\n',
  };
  for (const [path, content] of Object.entries(files)) {
    const name = path.replace(/\W+/g, '-').toLowerCase();
    commitFiles(tree, { [path]: content }, { name, body: `${header}\n\n${trailers}` });
  }
  const exported = readCommits(tree);

  expect(await exportTree(checkout, tree)).toContain('new: worker-test-data-packet-raw.patch');
  const patches = readPatches(patchesFolder(checkout));
  expect(patches).toEqual(exported);
  expect(patches.map(({ body }) => body)).toEqual(patches.map(() => `${header}\n\n${trailers}`));

  const other = await checkedOut(release, patches);
  const series = readSeries(patchesFolder(checkout));
  const build = await getSource({ mediasoup: release, patches: series }, temporaryFolder());
  for (const [path, content] of Object.entries(files)) {
    expect(readFileSync(join(other, path))).toEqual(Buffer.from(content));
    expect(readFileSync(join(build, path))).toEqual(Buffer.from(content));
  }
  expect(git(other, ['log', '-1', '--format=%(trailers:key=Change-Id,valueonly)']).trim()).toBe(
    'I0123456789abcdef',
  );
  expect(await exportTree(checkout, other)).toEqual(unchanged);
});

test('a dropped commit takes its patch along; uncommitted changes are named', async () => {
  commitFiles(tree, { [source]: 'int changed;\n' });
  await exportTree(checkout, tree);
  expect(readFileSync(join(checkout, 'patches/series'), 'utf8')).toBe('sample.patch\n');

  git(tree, ['reset', '--quiet', '--soft', 'HEAD^']);
  expect(await exportTree(checkout, tree)).toEqual([
    ...['removed: sample.patch', 'changed: series', '0 patches in patches/'],
    `not committed, so not exported: M  ${source}`,
  ]);
  expect(existsSync(join(checkout, 'patches/sample.patch'))).toBe(false);
});

test('a tree of another release than the lock file comes with the command to install it', async () => {
  const lock = { packages: { 'node_modules/mediasoup': { ...release, version: '0.0.0' } } };
  write(checkout, { 'package-lock.json': JSON.stringify(lock) });

  expect((await exportTree(checkout, tree)).join('\n')).toMatch(
    /package-lock\.json pins 0\.0\.0[\s\S]*npm install .* mediasoup@0\.0\.1/,
  );
});

test('commits without a header, without a change, or with the same name are refused', async () => {
  git(tree, ['commit', '--quiet', '--allow-empty', '--message=Nothing']);
  commitFiles(tree, { [source]: 'int one;\n' });
  commitFiles(tree, { [source]: 'int two;\n' });
  const error = await exportTree(checkout, tree).catch(String);

  expect(error).toMatch(/nothing, line 3 of its message: changes nothing/);
  expect(error).toMatch(/nothing, line \d of its message: `Why:` is missing/);
  expect(error).toMatch(/sample, line 3 of its message: is the second patch with this name/);
});

test('merges are refused', async () => {
  commitFiles(tree, { [source]: 'int one;\n' });
  git(tree, ['checkout', '--quiet', '-b', 'side', 'HEAD^']);
  commitFiles(tree, { [script]: 'two();\n' }, { name: 'two' });
  git(tree, ['merge', '--quiet', '--no-edit', 'patches']);

  await expect(exportTree(checkout, tree)).rejects.toThrow(/is a merge, which cannot become/);
});

test('an author that is not UTF-8 is refused', async () => {
  commitFiles(tree, { [source]: 'int one;\n' });
  const commit = git(tree, ['cat-file', 'commit', 'HEAD'], { encoding: 'latin1' });
  const input = Buffer.from(commit.replace('author oneport', 'author \xc9mile'), 'latin1');
  const hash = git(tree, ['hash-object', '-t', 'commit', '-w', '--stdin'], { input }).trim();
  git(tree, ['reset', '--quiet', '--soft', hash]);

  await expect(exportTree(checkout, tree)).rejects.toThrow('the author of sample: line 1 is not');
});

test.each([
  ['subject', `Re: a subject\n\n${header}\n\nPatch: odd\n`],
  ['header', `A subject\n\n${header.replace(' one', ' one\n---\n')}\n\nPatch: odd\n`],
])('a commit whose %s `git am` would change is refused', async (_, input) => {
  commitFiles(tree, { [source]: 'int one;\n' });
  git(tree, ['commit', '--amend', '--quiet', '--cleanup=verbatim', '--file=-'], { input });

  await expect(exportTree(checkout, tree)).rejects.toThrow(/nothing is exported\n {2}\| odd/);
  expect(readdirSync(join(checkout, 'patches'))).toEqual(['series']);
});
