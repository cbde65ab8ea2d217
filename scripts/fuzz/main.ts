import { StartError } from '../../server/src/config/start-error.ts';
import { runCli, UsageError } from '../cli.ts';
import { SetUpError } from '../setup/set-up-error.mjs';
import { FuzzFailure, runTarget, type Target } from './run-target.ts';
import { SubjectHost, type SubjectMode, subjectModes } from './subject.ts';
import { targets } from './targets.ts';

const usage = `Usage: npm run fuzz -- [options]

Sends malformed and hostile traffic to a real server with calls on it. The traffic is generated from the protocol's
schemas and from the formats of STUN, DTLS, RTP and HTTP. After each batch, all workers must be alive, the server must
answer, and the calls must have lost nothing; at the end, nothing may be left behind. All traffic stays on loopback.

  --minutes N   the time for everything together (1)
  --target T    only this target: ${targets.map(({ name }) => name).join(', ')}
  --mode M      only this mode: ${subjectModes.join(', ')}
  --seed S      the seed of an earlier run, to repeat it; with --target and --mode
  --path P      only that batch of it
  --help

A failure is reported as the smallest batch that causes it, with the command that repeats it. See docs/fuzzing.md.
`;

/** Seconds that one target gets before the next one's turn. */
const slice = { shortest: 2, longest: 30 };

interface FuzzOptions {
  modes: readonly SubjectMode[];
  targets: readonly Target[];
  /** For all modes and targets together. */
  seconds: number;
  seed: number | undefined;
  path: string | undefined;
}

const text = { type: 'string' } as const;

await runCli({
  name: 'fuzz',
  usage,
  options: { minutes: text, target: text, mode: text, seed: text, path: text },
  async run({ minutes, target, mode, seed, path }) {
    const options = {
      modes: chosen('mode', subjectModes, mode, (one) => one),
      targets: chosen('target', targets, target, ({ name }) => name),
      seconds: 60 * (number('minutes', minutes) ?? 1),
      seed: number('seed', seed),
      path,
    };
    try {
      await fuzz(options);
    } catch (error) {
      throw error instanceof FuzzFailure ? new SetUpError(error.message) : error;
    }
    return 0;
  },
});

/** @throws FuzzFailure */
async function fuzz({ modes, targets, seconds, seed, path }: FuzzOptions): Promise<void> {
  const end = Date.now() + seconds * 1_000;
  const batches = new Map<string, number>();
  const counts = new Map<string, number>();
  const each = Math.min(
    Math.max(seconds / (modes.length * targets.length), slice.shortest),
    slice.longest,
  );
  do {
    for (const mode of modes) {
      const host = await startHost(mode);
      if (!host) {
        continue;
      }
      try {
        for (const target of targets) {
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
  say(`no failure found. Batches: ${all || 'none'}`);
}

/** @returns undefined when this machine does not support the mode; it says so */
async function startHost(mode: SubjectMode): Promise<SubjectHost | undefined> {
  try {
    return await SubjectHost.start(mode);
  } catch (error) {
    if (!(error instanceof StartError)) {
      throw error;
    }
    say(`${mode} is skipped:\n${error.message}`);
    return undefined;
  }
}

function chosen<T>(
  option: string,
  all: readonly T[],
  name: string | undefined,
  nameOf: (one: T) => string,
): readonly T[] {
  const found = all.filter((one) => name === undefined || nameOf(one) === name);
  if (found.length === 0) {
    throw new UsageError(`--${option} ${name}: expected one of ${all.map(nameOf).join(', ')}`);
  }
  return found;
}

function number(option: string, text: string | undefined): number | undefined {
  const value = text === undefined ? undefined : Number(text);
  if (value !== undefined && !(value >= 0)) {
    throw new UsageError(`--${option} ${text}: expected a number`);
  }
  return value;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
