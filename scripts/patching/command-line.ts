import { parseArgs } from 'node:util';
import { SetUpError } from '../setup/set-up-error.mjs';

const flags = {
  asan: { type: 'boolean' },
  build: { type: 'boolean' },
  debug: { type: 'boolean' },
  'dry-run': { type: 'boolean' },
  force: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
  pinned: { type: 'boolean' },
  release: { type: 'boolean' },
} as const;

export type Option = keyof typeof flags;
export type Options = Partial<Record<Option, boolean>>;

export interface Command {
  /** How many it takes at most; 0 when left out. */
  readonly operands?: number;
  /** None when left out. `--help` goes with every command. */
  readonly options?: readonly Option[];
  /** Gives the exit code. */
  run(operands: string[], options: Options): Promise<number> | number;
}

/** A command with what it was given; undefined when its help is wanted, or none was named. */
export type Call = { command: Command; operands: string[]; options: Options } | undefined;

/**
 * Reads what was typed after `npm run patch --`.
 *
 * @param args - The words.
 * @param commands - All commands by name.
 * @param usage - What to show beside a complaint.
 * @throws {SetUpError} With exit code 2, when there is no such command, or it doesn't take what it was given: an
 *   option that is passed over in silence would be taken for done.
 */
export function readCommandLine(
  args: string[],
  commands: Readonly<Record<string, Command>>,
  usage: string,
): Call {
  const wrong = (what: string) => new SetUpError(what, { advice: usage, exitCode: 2 });
  const { values, positionals } = parsed(args, wrong);
  const [name, ...operands] = positionals;

  if (name === undefined || values.help) {
    return undefined;
  }

  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;

  if (!command) {
    throw wrong(`there is no \`patch ${name}\``);
  }

  const { operands: most = 0, options: known = [] } = command;
  const surplus = operands.slice(most);
  const foreign = (Object.keys(values) as Option[]).filter((option) => !known.includes(option));

  if (surplus.length > 0) {
    throw wrong(`\`patch ${name}\` doesn't know what to do with ${surplus.join(' ')}`);
  }
  if (foreign.length > 0) {
    throw wrong(`\`patch ${name}\` has no ${foreign.map((option) => `--${option}`).join(', ')}`);
  }

  return { command, operands, options: values };
}

function parsed(args: string[], wrong: (what: string) => SetUpError) {
  try {
    return parseArgs({ args, allowPositionals: true, options: flags });
  } catch (error) {
    throw wrong(error instanceof Error ? error.message : String(error));
  }
}
