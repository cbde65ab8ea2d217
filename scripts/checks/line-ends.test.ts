import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../../testkit/system/temporary-folder.ts';
import { patchesFolder, readPatches } from '../patching/patch-file.ts';
import { root } from '../setup/paths.mjs';

/** `git ls-files --eol`: line ends in the index and in the work tree, the attributes, and the file. */
function lineEnds(
  folder: string,
): { text: string; index?: string; tree?: string; attributes?: string }[] {
  return execFileSync('git', ['ls-files', '--eol'], { cwd: folder, encoding: 'utf8' })
    .trimEnd()
    .split('\n')
    .map((text) => ({
      text,
      .../^i\/(?<index>\S*)\s+w\/(?<tree>\S*)\s+attr\/(?<attributes>[^\t]*?)\s*\t/.exec(text)
        ?.groups,
    }));
}

test('a clone with core.autocrlf=true has LF everywhere, and its patches are read', {
  timeout: 90_000,
}, () => {
  const clone = join(temporaryFolder(), 'clone');
  execFileSync('git', ['clone', '-q', '-c', 'core.autocrlf=true', root, clone]);
  const files = lineEnds(clone);
  expect(files.length).toBeGreaterThan(100);
  expect(files.filter(({ tree }) => tree === 'crlf' || tree === 'mixed')).toEqual([]);
  expect(readPatches(patchesFolder(clone)).length).toBeGreaterThan(0);
});

test('every file is committed with LF, and its attributes keep it that way', () => {
  for (const { text, index, attributes } of lineEnds(root)) {
    expect(index, text).toMatch(/^(lf|none|-text)$/);
    expect(attributes, text).toMatch(/eol=lf|-text/);
  }
});
