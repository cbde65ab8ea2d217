import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder, write } from '../../testkit/system/temporary-folder.ts';
import { aptInstall, missingPackages } from './apt.mjs';
import { getProgramsOfTests } from './programs.mjs';

test('with ONEPORT_NO_APT, packages and the command are named and apt is not called', async () => {
  const promise = aptInstall(['oneport-no-such-package'], 'for a test', { ONEPORT_NO_APT: '1' });
  await expect(promise).rejects.toThrow(
    /missing for a test[\s\S]*oneport-no-such-package[\s\S]*apt-get install --no-install-recommends/,
  );
});

test('a package that dpkg does not know is missing', () => {
  expect(missingPackages(['oneport-no-such-package'])).toEqual(['oneport-no-such-package']);
});

test('programs are found in PATH, and a variable names one elsewhere', async () => {
  const folder = temporaryFolder();
  const programs = [
    'chromium',
    'firefox',
    'ip',
    'bpftool',
    'strace',
    'systemd-analyze',
    'openssl',
    'my-chromium',
  ];
  write(folder, Object.fromEntries(programs.map((name) => [name, '#!/bin/sh\n'])));
  for (const name of programs) {
    chmodSync(join(folder, name), 0o755);
  }
  expect(await getProgramsOfTests({ PATH: folder })).toEqual({
    CHROMIUM_BIN: join(folder, 'chromium'),
    FIREFOX_BIN: join(folder, 'firefox'),
  });
  expect(
    await getProgramsOfTests({ PATH: folder, CHROMIUM_BIN: join(folder, 'my-chromium') }),
  ).toMatchObject({ CHROMIUM_BIN: join(folder, 'my-chromium') });
});
