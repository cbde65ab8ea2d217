import { runCli, UsageError } from '../cli.ts';
import { interruptible } from '../setup/children.mjs';
import { root } from '../setup/paths.mjs';
import { say } from '../setup/step.mjs';
import { makeRelease } from './release.ts';

const usage = `Usage: npm run release -- FOLDER [--no-node]

Makes FOLDER, which must not exist yet, with the server, the built app, the worker, Node 24, and only the packages
that production needs, and a list of all of it in sbom.cdx.json (CycloneDX). FOLDER/bin/oneport starts the server, without npm, a compiler or the network.

  --no-node   leave out Node: the machine has Node 24 in PATH
  --help

docs/running-in-production.md explains how to run it as a service and in a container.
`;

await runCli({
  name: 'release',
  usage,
  options: { 'no-node': { type: 'boolean' } },
  positionals: 1,
  async run({ 'no-node': noNode }, [folder]) {
    if (!folder) {
      throw new UsageError('FOLDER is missing');
    }
    await interruptible(() =>
      makeRelease({
        root,
        folder,
        // The launcher has set this up.
        worker: process.env.MEDIASOUP_WORKER_BIN ?? '',
        node: noNode ? undefined : process.execPath,
        acceptHoles: process.env.ONEPORT_WORKER === 'any',
      }),
    );
    say(`${folder} is ready; ${folder}/bin/oneport starts the server, --help lists its settings`);
    return 0;
  },
});
