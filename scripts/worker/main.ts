import { runCli } from '../cli.ts';
import { buildWorker } from '../patching/build.ts';
import { requireTree, treeFolder, treeKind } from '../patching/tree.ts';
import { interruptible } from '../setup/children.mjs';
import { root } from '../setup/paths.mjs';
import { SetUpError } from '../setup/set-up-error.mjs';
import { getWorker } from './get-worker.ts';
import { readInputs } from './inputs.ts';
import { readManifest } from './manifest.ts';
import { ways } from './ways.ts';

const usage = `Usage: npm run worker [-- options]

Gets the mediasoup worker that oneport uses, and prints its path and what is in it.

  --path      print the path alone
  --rebuild   build it again with our patches, whatever the cache has
  --help

ONEPORT_WORKER=tree takes that of the work tree of \`npm run patch\`. Else the first that applies:
  1. the program that MEDIASOUP_WORKER_BIN names
  2. our cache: ONEPORT_CACHE, else $XDG_CACHE_HOME/oneport, else ~/.cache/oneport
  3. mediasoup's prebuilt worker (MEDIASOUP_WORKER_PREBUILT_DOWNLOAD_BASE_URL names another place),
     unless patches are wanted: ONEPORT_WORKER=patched, MEDIASOUP_USE_WEBRTC_SERVER=shared or
     ICE_UFRAG=room-and-peer
  4. a build with Debian's libraries                        ONEPORT_LIBRARIES=debian: only this
  5. a build with mediasoup's own Meson wraps (internet)    ONEPORT_LIBRARIES=wraps: only this

docs/worker.md tells more.
`;

await runCli({
  name: 'worker',
  usage,
  options: { path: { type: 'boolean' }, rebuild: { type: 'boolean' } },
  async run({ path, rebuild }) {
    const binary = await interruptible(() => workerAsWished(rebuild));

    process.stdout.write(`${binary}\n`);
    if (!path) {
      const manifest = readManifest(binary);

      process.stdout.write(
        manifest
          ? `${JSON.stringify(manifest, null, 2)}\n`
          : 'Its folder has no manifest that says what is in it.\n',
      );
    }

    return 0;
  },
});

function workerAsWished(rebuild: boolean | undefined): Promise<string> {
  const kind = treeKind();

  if (!kind) {
    return getWorker(readInputs(root), ways, { rebuild });
  }
  if (process.env.MEDIASOUP_WORKER_BIN) {
    throw new SetUpError(
      'the worker of the work tree is wanted, and MEDIASOUP_WORKER_BIN names another: unset one of them',
    );
  }
  requireTree(treeFolder(root));

  return buildWorker(root, treeFolder(root), kind);
}
