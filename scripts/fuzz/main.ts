import { StartError } from '../../server/src/config/start-error.ts';
import { runCli, UsageError } from '../cli.ts';
import { SetUpError } from '../setup/set-up-error.mjs';
import { FuzzFailure, type Host, type RunOptions, runTarget, type Target } from './run-target.ts';
import { startHost, subjectModes } from './subject.ts';
import { targets } from './targets.ts';

const usage = `Usage: npm run fuzz -- [options]

Sends malformed and hostile traffic to a real server with calls on it. The traffic is generated from the protocol's
schemas and from the formats of STUN, DTLS, RTP and HTTP. After each batch, all workers must be alive, the server must
answer, and the calls must have lost nothing; at the end, nothing may be left behind. All traffic stays on loopback.

  --minutes N   the time for everything together, in equal parts (1)
  --target T    only this target: ${targets.map(({ name }) => name).join(', ')}
  --mode M      only this mode: ${subjectModes.join(', ')}
  --seed S      the seed of an earlier run, to repeat it; with --target and --mode
  --path P      only that batch of it
  --help

A failure is reported as the smallest batch that causes it, with the command that repeats it. See docs/fuzzing.md.
`;

const text = { type: 'string' } as const;

await runCli({
  name: 'fuzz',
  usage,
  options: { minutes: text, target: text, mode: text, seed: text, path: text },
  async run({ minutes = '1', target, mode, seed, path }) {
    const modes = subjectModes.filter((one) => mode === undefined || one === mode);
    const chosen = targets.filter(({ name }) => target === undefined || name === target);
    if (modes.length === 0 || chosen.length === 0) {
      throw new UsageError('--mode and --target: expected one of the list');
    }
    if (!(Number(minutes) > 0 && Number(seed ?? 0) >= 0)) {
      throw new UsageError('--minutes and --seed: expected a number');
    }
    const seconds = (60 * Number(minutes)) / (modes.length * chosen.length);
    const options = { seconds, seed: seed === undefined ? undefined : Number(seed), path };
    try {
      for (const one of modes) {
        await fuzz(chosen, { ...options, mode: one });
      }
    } catch (error) {
      throw error instanceof FuzzFailure ? new SetUpError(error.message) : error;
    }
    say('no failure found');
    return 0;
  },
});

/** @throws FuzzFailure */
async function fuzz(chosen: readonly Target[], options: RunOptions): Promise<void> {
  const { mode } = options;
  let host: Host;
  try {
    host = await startHost(mode);
  } catch (error) {
    if (error instanceof StartError) {
      return say(`${mode} is skipped:\n${error.message}`);
    }
    throw error;
  }
  try {
    for (const target of chosen) {
      say(`${target.name} on ${mode}: ${await runTarget(target, host, options)} batches`);
    }
    for (const [what, count] of Object.entries(host.subject.counts)) {
      say(`${String(count).padStart(9)}  ${what}`);
    }
  } finally {
    await host.subject.stop();
  }
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
