import { type ParseArgsConfig, parseArgs } from 'node:util';
import { SetUpError } from './setup/set-up-error.mjs';

type Options = NonNullable<ParseArgsConfig['options']>;

export type Values<O extends Options> = ReturnType<
  typeof parseArgs<{ options: O; allowPositionals: true }>
>['values'];

type ExitCode = number | undefined;

export interface Command<O extends Options = Options> {
  /** As for node's parseArgs, without `--help`. Required, or TypeScript would let `run` read options that don't exist. */
  readonly options: O;
  /** The highest number of operands. Default: 0. */
  readonly positionals?: number;
  /** Returns the exit code; undefined means 0. */
  run(values: Values<O>, positionals: string[]): ExitCode | Promise<ExitCode>;
}

interface Program {
  /** The program in messages: `whois`. */
  readonly name: string;
  /** The text of `--help`, with a line feed at its end. */
  readonly usage: string;
  /** The exit code after a StartError. Default: 1. */
  readonly startErrorCode?: number;
}

export type Cli<C extends Record<string, Options>, O extends Options> = Program &
  (Command<O> | { readonly commands: { readonly [Name in keyof C]: Command<C[Name]> } });

/** The command line is wrong. `runCli` prints the message with the usage and sets exit code 2. */
export class UsageError extends Error {
  override name = 'UsageError';
}

/**
 * Runs a program of ours: parses its command line, calls it, and sets the exit code.
 *
 * `--help` and `-h` print the usage to stdout, and so does a program with commands when no command is given. A
 * UsageError, a SetUpError or a StartError goes to stderr without a stack. Any other error is a bug and is thrown.
 *
 * @param args - what follows the program's name. Default: that of this process
 */
export async function runCli<C extends Record<string, Options>, O extends Options = Options>(
  cli: Cli<C, O>,
  args: readonly string[] = process.argv.slice(2),
): Promise<void> {
  try {
    process.exitCode = await call(cli, args);
  } catch (error) {
    const failure = describe(error, cli);
    if (!failure) {
      throw error;
    }
    process.stderr.write(`oneport: ${failure.text}\n`);
    process.exitCode = failure.exitCode;
  }
}

/**
 * Parses the arguments of a command.
 *
 * @returns the operands, the options, and apart from them whether help is wanted
 * @throws UsageError on an unknown option, an option without its value, or too many operands
 */
export function parseCommand<O extends Options>(
  command: Pick<Command<O>, 'options' | 'positionals'>,
  args: readonly string[],
): { values: Values<O>; positionals: string[]; help: boolean } {
  const most = command.positionals ?? 0;
  const { values, positionals } = parse(command.options, args, most > 0);
  const { help = false, ...others } = values as { help?: boolean };
  const surplus = positionals.slice(most);
  if (!help && surplus.length > 0) {
    throw new UsageError(`unexpected argument: ${surplus.join(' ')}`);
  }
  return { values: others as Values<O>, positionals, help };
}

function parse(options: Options, args: readonly string[], hasPositionals: boolean) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { ...options, help: { type: 'boolean', short: 'h' } },
    });
  } catch (error) {
    const { message } = error as Error;
    // Node adds how to pass an operand that begins with "-".
    throw new UsageError(hasPositionals ? message : message.replace(/\. To specify .*/, ''));
  }
}

async function call<C extends Record<string, Options>, O extends Options>(
  cli: Cli<C, O>,
  args: readonly string[],
): Promise<ExitCode> {
  let command: Command<O>;
  let operands = args;
  if ('commands' in cli) {
    const [name, ...others] = args;
    if (name === undefined || name === '--help' || name === '-h') {
      process.stdout.write(cli.usage);
      return 0;
    }
    if (!Object.hasOwn(cli.commands, name)) {
      throw new UsageError(`unknown command: ${cli.name} ${name}`);
    }
    command = cli.commands[name] as unknown as Command<O>;
    operands = others;
  } else {
    command = cli;
  }
  const { values, positionals, help } = parseCommand(command, operands);
  if (help) {
    process.stdout.write(cli.usage);
    return 0;
  }
  return command.run(values, positionals);
}

function describe(
  error: unknown,
  { usage, startErrorCode = 1 }: Program,
): { text: string; exitCode: number } | undefined {
  if (error instanceof UsageError) {
    return { text: `${error.message}\n\n${usage.trimEnd()}`, exitCode: 2 };
  }
  if (error instanceof SetUpError) {
    return { text: error.message, exitCode: error.exitCode };
  }
  if (isStartError(error)) {
    return { text: error.message, exitCode: startErrorCode };
  }
  return undefined;
}

/** By name: `npm run worker` also runs where there are no server sources, in the first stage of the Dockerfile. */
function isStartError(error: unknown): error is Error {
  let prototype: unknown = error;
  while (prototype instanceof Error) {
    if (prototype.constructor.name === 'StartError') {
      return true;
    }
    prototype = Object.getPrototypeOf(prototype);
  }
  return false;
}
