import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { bringPatches } from '../patching/node-lib.ts';
import { patchesFolder, readPatches } from '../patching/patch-file.ts';
import { runNpm } from '../setup/run-logged.mjs';
import { SetUpError } from '../setup/set-up-error.mjs';
import { step } from '../setup/step.mjs';
import { manifestName } from '../worker/manifest.ts';
import { sourceFiles } from './source-files.ts';

/** What is started, and what it knows by a package's name. */
const entries = ['server/src/main.ts', 'protocol/src/index.ts', 'scripts/whois/main.ts'];

/** What npm needs to know which packages these are. */
const packages = ['', 'protocol', 'server', 'app'].map((folder) => join(folder, 'package.json'));

const starter = `#!/bin/sh
# Starts oneport; settings are environment variables, and --help lists them.
here=$(dirname "$(readlink -f "$0")")
export NODE_ENV=production
export MEDIASOUP_WORKER_BIN="\${MEDIASOUP_WORKER_BIN:-$here/../worker/mediasoup-worker}"
if [ -x "$here/node" ]; then node=$here/node; else node=node; fi
if [ "\${1-}" = whois ]; then
  shift
  exec "$node" "$here/../scripts/whois/main.ts" "$@"
fi
exec "$node" "$here/../server/src/main.ts" "$@"
`;

export interface ReleaseOptions {
  /** The checkout, set up. */
  readonly root: string;
  /** Where to: it must not exist yet, or be empty. */
  readonly folder: string;
  /** The mediasoup worker. */
  readonly worker: string;
  /** Node 24's program, to be taken along; without it the machine has to have one in PATH. */
  readonly node?: string | undefined;
}

/**
 * Makes a folder that runs oneport by itself: the server's files, the built app, the packages that production needs,
 * the worker with its manifest. No file of it is written to later, so root may own it. It is there whole or not at all.
 *
 * @throws {SetUpError} When the folder has something in it already, or npm fails.
 */
export async function makeRelease({ root, folder, worker, node }: ReleaseOptions): Promise<void> {
  const target = resolve(folder);

  if (existsSync(target) && readdirSync(target).length > 0) {
    throw new SetUpError(`${target} has something in it already`, {
      advice:
        'Name a folder that is not there yet. To upgrade, make the new one beside the old one (docs/running-in-production.md).',
    });
  }

  const fresh = join(dirname(target), `.${basename(target)}-${process.pid}`);

  // Somebody else is going to run it.
  process.umask(0o022);
  mkdirSync(fresh, { recursive: true });
  try {
    for (const file of [
      ...packages,
      'package-lock.json',
      '.npmrc',
      ...sourceFiles(root, entries),
    ]) {
      cpSync(join(root, file), join(fresh, file), { recursive: true });
    }
    await step('packages', 'npm ci (those that production needs)', () => installPackages(fresh));
    await bringPatches(fresh, readPatches(patchesFolder(root)));

    mkdirSync(join(fresh, 'worker'));
    copyProgram(worker, join(fresh, 'worker/mediasoup-worker'));
    if (existsSync(join(dirname(worker), manifestName))) {
      copyFileSync(join(dirname(worker), manifestName), join(fresh, 'worker', manifestName));
    }

    mkdirSync(join(fresh, 'bin'));
    writeFileSync(join(fresh, 'bin/oneport'), starter);
    chmodSync(join(fresh, 'bin/oneport'), 0o755);
    if (node) {
      copyProgram(node, join(fresh, 'bin/node'));
    }
    rmSync(target, { recursive: true, force: true });
    renameSync(fresh, target);
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}

async function installPackages(folder: string): Promise<void> {
  await runNpm(
    [
      'ci',
      '--omit=dev',
      '--workspace=@oneport/server',
      '--prefer-offline',
      '--engine-strict=false',
      '--loglevel=error',
    ],
    { what: 'npm ci for the release', cwd: folder },
  );
}

function copyProgram(from: string, to: string): void {
  copyFileSync(from, to);
  chmodSync(to, 0o755);
}
