import { interruptible } from '../setup/children.mjs';
import { SetUpError } from '../setup/set-up-error.mjs';
import { readCommandLine } from './command-line.ts';
import { commands } from './commands.ts';
import { usage } from './usage.ts';

/** @returns The exit code. */
async function main(args: string[]): Promise<number> {
  const call = readCommandLine(args, commands, usage);

  if (!call) {
    process.stdout.write(usage);

    return 0;
  }

  return interruptible(async () => call.command.run(call.operands, call.options));
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
