import { SetUpError } from '../setup/set-up-error.mjs';
import { commands, usage } from './commands.mjs';

/**
 * Runs one command of the launcher and sets this process's exit code.
 *
 * @param {string[]} args The command's name and its own arguments.
 */
export async function main(args) {
  const [name = '', ...rest] = args;
  const command = commands[name];

  if (!command) {
    process.stderr.write(usage);
    process.exitCode = name === '' || name === '--help' ? 0 : 2;

    return;
  }
  try {
    process.exitCode = await command(rest);
  } catch (error) {
    if (!(error instanceof SetUpError)) {
      throw error;
    }
    if (error.message) {
      process.stderr.write(`\noneport: ${error.message}\n`);
    }
    process.exitCode = error.exitCode;
  }
}
