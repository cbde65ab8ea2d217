import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder, write } from '../../testkit/system/temporary-folder.ts';
import { emptyAfterUpgrade, testsWithoutData } from './build.ts';

test('a build folder is reused for the same release and emptied for another', () => {
  const folder = join(temporaryFolder(), 'out/release');
  emptyAfterUpgrade(folder, '3.27.1');
  write(folder, { 'build.ninja': '', 'src/a.o': '' });
  emptyAfterUpgrade(folder, '3.27.1');
  expect(existsSync(join(folder, 'src/a.o'))).toBe(true);

  emptyAfterUpgrade(folder, '3.27.0');
  expect(existsSync(join(folder, 'src'))).toBe(false);
  expect(existsSync(join(folder, 'build.ninja'))).toBe(false);
});

test('a build folder of an unknown release is emptied', () => {
  const folder = temporaryFolder({ 'build.ninja': '' });
  emptyAfterUpgrade(folder, '3.27.1');
  expect(readdirSync(folder)).not.toContain('build.ninja');
});

test('unit tests that read a file which the tarball lacks are left out', () => {
  const worker = temporaryFolder({
    'test/data/there.raw': '',
    'test/src/Test.cpp': [
      'SCENARIO("packets", "[x]") {\n  readBinaryFile("data/gone.raw");\n}\n',
      'TEST_CASE("others") {\n  readBinaryFile("data/there.raw");\n}\n',
    ].join(''),
  });
  expect(testsWithoutData(worker)).toEqual([
    { name: 'Scenario: packets', file: 'worker/test/data/gone.raw' },
  ]);
});
