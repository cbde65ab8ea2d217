import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { openFilesLimit, parseOpenFilesLimit } from './open-files.ts';

const line = (
  soft: string,
) => `Limit                     Soft Limit           Hard Limit           Units
Max open files            ${soft.padEnd(20)} 1048576              files
Max locked memory         8388608              8388608              bytes     `;

test('reads the soft limit', () => {
  expect(parseOpenFilesLimit(line('1024'))).toBe(1024);
  expect(parseOpenFilesLimit(line('unlimited'))).toBeUndefined();
});

test.skipIf(process.platform !== 'linux')('reads the limit of this process', () => {
  const module = new URL('open-files.ts', import.meta.url).href;
  const code = `import { openFilesLimit } from '${module}'; console.log(openFilesLimit());`;
  const inShell = 'ulimit -n 700; exec "$0" --input-type=module -e "$1"';
  expect(
    execFileSync('sh', ['-c', inShell, process.execPath, code], { encoding: 'utf8' }).trim(),
  ).toBe('700');
  expect(openFilesLimit()).toBeGreaterThan(0);
});
