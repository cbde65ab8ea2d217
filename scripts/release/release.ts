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
import { closingCommand, knownHoles } from '../../server/src/media/worker-patches.ts';
import { bringPatches } from '../patching/node-lib.ts';
import { patchesFolder, readPatches } from '../patching/patch-file.ts';
import { runNpm } from '../setup/run-logged.mjs';
import { SetUpError } from '../setup/set-up-error.mjs';
import { step } from '../setup/step.mjs';
import { pinnedMediasoup } from '../worker/inputs.ts';
import { manifestName } from '../worker/manifest.ts';
import { makeSbom } from './sbom.ts';

/** Files and folders of the checkout. The package.json of app and testkit are there for npm only. */
const contents = [
  ...['package.json', 'package-lock.json', '.npmrc', 'app/package.json', 'app/dist'],
  'testkit/package.json',
  ...['protocol/package.json', 'protocol/src', 'server/package.json', 'server/src'],
  ...['scripts/whois', 'scripts/cli.ts', 'scripts/setup/set-up-error.mjs'],
];

const forDevelopment = /\.test\.ts$|\.bpf\.c$/;

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
  /** Must not exist, or be empty. */
  readonly folder: string;
  /** The path of the mediasoup worker. */
  readonly worker: string;
  /** The path of Node 24. Without it, the release uses the Node 24 in PATH. */
  readonly node?: string | undefined;
  /** Whether the worker may lack our security patches. */
  readonly acceptHoles?: boolean;
}

/**
 * Makes a self-contained folder that runs oneport: the server's sources, the built app, the packages that production
 * needs, the worker with its manifest, and the list of all of it (sbom.cdx.json). Nothing in it is written to later, so root may own it. The folder appears
 * complete or not at all.
 *
 * @throws {SetUpError} when the folder is not empty, the worker lacks security patches, or npm fails
 */
export async function makeRelease({
  root,
  folder,
  worker,
  node,
  acceptHoles = false,
}: ReleaseOptions): Promise<void> {
  const holes = acceptHoles ? [] : knownHoles(worker);
  if (holes.length > 0) {
    throw new SetUpError(
      `${worker} lacks security patches:\n${holes.map(({ patch, hole }) => `- ${patch}: ${hole}`).join('\n')}`,
      {
        advice: `Unset MEDIASOUP_WORKER_BIN and run \`${closingCommand}\`, or accept this with ONEPORT_WORKER=any.`,
      },
    );
  }
  const target = resolve(folder);
  if (existsSync(target) && readdirSync(target).length > 0) {
    throw new SetUpError(`${target} is not empty`, {
      advice:
        'Name a new folder. To upgrade, make the new release beside the old one (docs/running-in-production.md).',
    });
  }
  const fresh = join(dirname(target), `.${basename(target)}-${process.pid}`);
  // Another user runs it.
  process.umask(0o022);
  mkdirSync(fresh, { recursive: true });
  try {
    for (const path of contents) {
      cpSync(join(root, path), join(fresh, path), {
        recursive: true,
        filter: (source) => !forDevelopment.test(source),
      });
    }
    await step('packages', 'npm ci (for production)', () => installPackages(fresh));
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
    const mediasoup = pinnedMediasoup(root).version;
    writeFileSync(join(fresh, 'sbom.cdx.json'), await makeSbom({ root, worker, mediasoup, node }));
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
