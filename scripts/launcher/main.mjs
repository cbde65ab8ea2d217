import { SetUpError } from '../setup/set-up-error.mjs';
import { commands, usage } from './commands.mjs';

const workerFlag = '--worker=';

/**
 * Runs one command of the launcher and sets this process's exit code.
 *
 * @param {string[]} args The command's name and its own arguments.
 */
export async function main(args) {
  const [name = '', ...others] = args;
  const rest = others.filter((arg) => !arg.startsWith(workerFlag));
  const worker = others.find((arg) => arg.startsWith(workerFlag));

  const command = commands[name];

  if (!command) {
    process.stderr.write(usage);
    process.exitCode = name === '' || name === '--help' ? 0 : 2;

    return;
  }
  if (worker) {
    // All that runs below us, down to the tests, reads it.
    process.env.ONEPORT_WORKER = worker.slice(workerFlag.length);
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
