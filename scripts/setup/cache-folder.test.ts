import { spawnSync } from 'node:child_process';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { expect, type TestContext, test } from 'vitest';
import { nobody, restricted, skipWithoutRestricting } from '../../testkit/system/restricted.ts';
import { temporaryFolder } from '../../testkit/system/temporary-folder.ts';
import { root } from './paths.mjs';

const getWorker = 'scripts/worker/main.ts';

function run([program, ...args]: [string, ...string[]], env: NodeJS.ProcessEnv = {}) {
  const { status, stderr } = spawnSync(program, args, {
    encoding: 'utf8',
    env: { PATH: process.env.PATH, ...env },
  });
  return { status, stderr };
}

test('a checkout below a folder with # in its name is refused before anything is installed', () => {
  const folder = join(temporaryFolder(), 'a#b');
  cpSync(join(root, 'scripts'), join(folder, 'scripts'), { recursive: true });
  cpSync(join(root, 'package.json'), join(folder, 'package.json'));
  expect(run([process.execPath, join(folder, 'scripts/oneport.mjs'), 'start'])).toEqual({
    status: 1,
    stderr: expect.stringMatching(
      /^\noneport: the app cannot be built in .*a#b, because the path has a #\n/,
    ),
  });
});

test('a cache that the user cannot write is refused, with the variable that names another', (context: TestContext) => {
  skipWithoutRestricting(context);
  expect(run(restricted({ uid: nobody }, getWorker), { HOME: '/nonexistent' })).toEqual({
    status: 1,
    stderr: expect.stringMatching(
      /the cache folder \/nonexistent\/\.cache\/oneport cannot be used: EACCES.*\nSet ONEPORT_CACHE/,
    ),
  });
  // A user id without an entry in /etc/passwd, as in some containers.
  expect(run(restricted({ uid: 54_321 }, getWorker))).toEqual({
    status: 1,
    stderr: expect.stringMatching(/this user has no home folder.*\nSet ONEPORT_CACHE/),
  });
});

test('a cache on a file system mounted noexec is refused before a worker is built', (context: TestContext) => {
  skipWithoutRestricting(context);
  const folder = temporaryFolder();
  const mount = 'mount -t tmpfs -o noexec none "$1" && shift && exec "$@"';
  const command = ['unshare', '--mount', 'sh', '-c', mount, 'sh', folder] as const;
  expect(
    run([...command, process.execPath, join(root, getWorker)], { ONEPORT_CACHE: folder }),
  ).toEqual({
    status: 1,
    stderr: expect.stringContaining(
      `the worker cannot run in the cache folder ${folder}: its file system is mounted with the option noexec`,
    ),
  });
});
