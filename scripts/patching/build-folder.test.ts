import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder, write } from '../../testkit/system/temporary-folder.ts';
import { emptyOfOtherRelease } from './build-folder.ts';

test('a build folder is gone on with in the release that it was made for, and in no other', () => {
  const folder = join(temporaryFolder(), 'out/release');

  emptyOfOtherRelease(folder, '3.27.1');
  write(folder, { 'build.ninja': '', 'src/a.o': '' });
  emptyOfOtherRelease(folder, '3.27.1');
  expect(existsSync(join(folder, 'src/a.o'))).toBe(true);

  emptyOfOtherRelease(folder, '3.27.0');
  expect(existsSync(join(folder, 'src'))).toBe(false);
  expect(existsSync(join(folder, 'build.ninja'))).toBe(false);
});

test('one that nobody knows the release of is emptied', () => {
  const folder = temporaryFolder({ 'build.ninja': '' });

  emptyOfOtherRelease(folder, '3.27.1');
  expect(readdirSync(folder)).not.toContain('build.ninja');
});
