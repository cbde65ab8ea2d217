import { parseArgs } from 'node:util';
import { StartError } from '../../server/src/config/start-error.ts';
import { SetUpError } from '../setup/set-up-error.mjs';
import { runTarget } from './run-target.ts';
import { type SubjectMode, subjectModes } from './subject.ts';
import { SubjectHost } from './subject-host.ts';
import { targets } from './targets.ts';
import { usage } from './usage.ts';

/** Seconds that one target has before it is the next one's turn. */
const slice = { shortest: 2, longest: 30 };

async function main(args: string[]): Promise<void> {
  const options = readArgs(args);
  if (options.help) {
    process.stdout.write(usage);
    return;
  }
  const { seconds, seed, path } = options;
  const modes = chosen('mode', subjectModes, options.mode, (mode) => mode);
  const wanted = chosen('target', targets, options.target, ({ name }) => name);
  const end = Date.now() + seconds * 1_000;
  const batches = new Map<string, number>();
  const counts = new Map<string, number>();
  const each = Math.min(
    Math.max(seconds / (modes.length * wanted.length), slice.shortest),
    slice.longest,
  );
  do {
    for (const mode of modes) {
      const host = await startHost(mode);
      if (!host) {
        continue;
      }
      try {
        for (const target of wanted) {
          const left = (end - Date.now()) / 1_000;
          if (left <= 0) {
            break;
          }
          const run = { mode, seconds: Math.min(each, left), seed, path };
          const count = await runTarget(target, host, run);
          say(`${target.name} on ${mode}: ${count} batches`);
          batches.set(target.name, (batches.get(target.name) ?? 0) + count);
        }
        for (const [what, count] of Object.entries(host.subject.counts)) {
          counts.set(what, (counts.get(what) ?? 0) + count);
        }
      } finally {
        await host.stop();
      }
    }
  } while (Date.now() < end && path === undefined && batches.size > 0);
  for (const [what, count] of [...counts].sort(([a], [b]) => a.localeCompare(b))) {
    say(`${String(count).padStart(9)}  ${what}`);
  }
  const all = [...batches].map(([name, count]) => `${name} ${count}`).join(', ');
  say(`nothing found. Batches: ${all || 'none'}`);
}

async function startHost(mode: SubjectMode): Promise<SubjectHost | undefined> {
  try {
    return await SubjectHost.start(mode);
  } catch (error) {
    if (!(error instanceof StartError)) {
      throw error;
    }
    say(`${mode} is left out:\n${error.message}`);
    return undefined;
  }
}

function chosen<T>(
  option: string,
  all: readonly T[],
  name: string | undefined,
  nameOf: (one: T) => string,
) {
  const found = all.filter((one) => name === undefined || nameOf(one) === name);
  if (found.length > 0) {
    return found;
  }
  const names = all.map(nameOf).join(', ');
  throw new SetUpError(`--${option} ${name}: expected one of ${names}`, {
    advice: usage,
    exitCode: 2,
  });
}

function readArgs(args: string[]) {
  const number = (option: string, text: string | undefined) => {
    const value = text === undefined ? undefined : Number(text);
    if (value === undefined || value >= 0) {
      return value;
    }
    throw new SetUpError(`--${option} ${text}: expected a number`, { advice: usage, exitCode: 2 });
  };
  const text = { type: 'string' } as const;
  const values = parse();
  return {
    ...values,
    seconds: 60 * (number('minutes', values.minutes) ?? 1),
    seed: number('seed', values.seed),
  };

  function parse() {
    try {
      const options = { minutes: text, target: text, mode: text, seed: text, path: text };
      return parseArgs({ args, options: { ...options, help: { type: 'boolean', short: 'h' } } })
        .values;
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      throw new SetUpError(message, { advice: usage, exitCode: 2 });
    }
  }
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(`\noneport: ${message}\n`);
  process.exitCode = error instanceof SetUpError ? error.exitCode : 1;
}
