import { parseArgs } from 'node:util';
import { interruptible } from '../setup/children.mjs';
import { SetUpError } from '../setup/set-up-error.mjs';
import { commands } from './commands.ts';
import { usage } from './usage.ts';

/** @returns The exit code. */
async function main(args: string[]): Promise<number> {
  const { values, positionals } = readArgs(args);
  const [name, ...operands] = positionals;

  if (name === undefined || values.help) {
    process.stdout.write(usage);

    return 0;
  }

  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;

  if (!command) {
    throw new SetUpError(`there is no \`patch ${name}\``, { advice: usage, exitCode: 2 });
  }

  return interruptible(async () => command(operands, values));
}

function readArgs(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        asan: { type: 'boolean' },
        build: { type: 'boolean' },
        debug: { type: 'boolean' },
        'dry-run': { type: 'boolean' },
        force: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
        pinned: { type: 'boolean' },
        release: { type: 'boolean' },
      },
    });
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
