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

Gets the mediasoup worker that oneport uses, and prints its path and its manifest.

  --path      print the path alone
  --rebuild   build it again with our patches, whatever the cache has
  --help

ONEPORT_WORKER=tree uses the worker of the work tree of \`npm run patch\`. Otherwise the first that is available:
  1. the program that MEDIASOUP_WORKER_BIN names
  2. the cache: ONEPORT_CACHE, $XDG_CACHE_HOME/oneport or ~/.cache/oneport
  3. mediasoup's prebuilt worker (MEDIASOUP_WORKER_PREBUILT_DOWNLOAD_BASE_URL names another place),
     unless our patches are required: ONEPORT_WORKER=patched, MEDIASOUP_USE_WEBRTC_SERVER=shared,
     ICE_UFRAG=room-and-peer, or a server that other machines can reach (ONEPORT_WORKER=any allows it)
  4. a build with Debian's libraries                        ONEPORT_LIBRARIES=debian: only this
  5. a build with mediasoup's own Meson wraps (internet)    ONEPORT_LIBRARIES=wraps: only this

MEDIASOUP_WORKER_SHA256 refuses a worker with any other hash. See docs/worker.md.
`;

await runCli({
  name: 'worker',
  usage,
  options: { path: { type: 'boolean' }, rebuild: { type: 'boolean' } },
  async run({ path, rebuild }) {
    const binary = await interruptible(() => chosenWorker(rebuild));
    process.stdout.write(`${binary}\n`);
    if (!path) {
      const manifest = readManifest(binary);
      process.stdout.write(
        manifest ? `${JSON.stringify(manifest, null, 2)}\n` : 'It has no manifest.\n',
      );
    }
    return 0;
  },
});

function chosenWorker(rebuild: boolean | undefined): Promise<string> {
  const kind = treeKind();
  if (!kind) {
    return getWorker(readInputs(root), ways, { rebuild });
  }
  if (process.env.MEDIASOUP_WORKER_BIN) {
    throw new SetUpError(
      'ONEPORT_WORKER=tree and MEDIASOUP_WORKER_BIN name different workers: unset one of them',
    );
  }
  requireTree(treeFolder(root));
  return buildWorker(root, treeFolder(root), kind);
}
