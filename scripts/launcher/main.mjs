import { SetUpError } from '../setup/set-up-error.mjs';
import { commands, usage } from './commands.mjs';

const workerFlag = '--worker=';

/**
 * Runs one command of the launcher and sets this process's exit code.
 *
 * @param {string[]} args - the command's name and its own arguments
 */
export async function main([name = '--help', ...args]) {
  if (!Object.hasOwn(commands, name)) {
    process.stderr.write(usage);
    process.exitCode = name === '--help' ? 0 : 2;
    return;
  }
  // The log may be on a full disk, which must not keep the server from starting.
  process.stderr.on('error', () => {});
  const worker = args.find((arg) => arg.startsWith(workerFlag));
  if (worker) {
    // Every program below us reads it, down to the tests.
    process.env.ONEPORT_WORKER = worker.slice(workerFlag.length);
  }
  try {
    process.exitCode = await commands[name]?.(args.filter((arg) => !arg.startsWith(workerFlag)));
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
