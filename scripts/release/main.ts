/** `npm run release`: a folder with what production needs. Its set-up has been done by the launcher. */
import { parseArgs } from 'node:util';
import { interruptible } from '../setup/children.mjs';
import { root } from '../setup/paths.mjs';
import { SetUpError } from '../setup/set-up-error.mjs';
import { say } from '../setup/step.mjs';
import { makeRelease } from './release.ts';

const usage = `Usage: npm run release -- FOLDER [--no-node]

Makes FOLDER, which must not be there yet: the server, the built app, the worker, Node 24, and no more packages than
production needs. FOLDER/bin/oneport starts it; no npm, no compiler and no network are needed then.

  --no-node   without Node: the machine has a Node 24 in PATH
  --help

docs/running-in-production.md tells how to run it as a service and in a container.
`;

/** @returns The exit code. */
async function main(args: string[]): Promise<number> {
  const { folder, node, help } = readArgs(args);

  if (help || !folder) {
    process.stdout.write(usage);

    return help ? 0 : 2;
  }
  await interruptible(() =>
    makeRelease({
      root,
      folder,
      worker: process.env.MEDIASOUP_WORKER_BIN ?? '',
      node: node ? process.execPath : undefined,
    }),
  );
  say(`${folder} is made; ${folder}/bin/oneport starts the server, --help lists its settings`);

  return 0;
}

function readArgs(args: string[]): { folder?: string | undefined; node: boolean; help: boolean } {
  try {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: { 'no-node': { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
    });

    if (positionals.length > 1) {
      throw new Error(`one folder is expected, not ${positionals.join(' ')}`);
    }

    return { folder: positionals[0], node: !values['no-node'], help: Boolean(values.help) };
  } catch (error) {
    throw new SetUpError(error instanceof Error ? error.message : String(error), {
      advice: usage,
      exitCode: 2,
    });
  }
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof SetUpError)) {
    throw error;
  }
  process.stderr.write(`\noneport: ${error.message}\n`);
  process.exitCode = error.exitCode;
}
