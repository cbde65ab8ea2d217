import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder, write } from '../../testkit/system/temporary-folder.ts';
import { emptyAfterUpgrade } from './build.ts';

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
