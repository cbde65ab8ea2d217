import { parseArgs } from 'node:util';
import { SetUpError } from '../setup/set-up-error.mjs';
import { leftBehind, margin, type SoakReport, soak, soakModes } from './soak.ts';
import { usage } from './usage.ts';

/** How often it is said how far it is. */
const sayEvery = 1_000;

async function main(args: string[]): Promise<void> {
  const { help, joins, restarts, modes } = readArgs(args);
  if (help) {
    process.stdout.write(usage);
    return;
  }
  for (const mode of modes) {
    const report = await soak({
      ...{ mode, joins, restarts },
      onProgress: (done) => {
        if (done % sayEvery === 0) {
          process.stdout.write(`${mode}: ${done} of ${joins} joins\n`);
        }
      },
    });
    print(mode, report);
    const left = leftBehind(report);
    if (left.length > 0) {
      process.exitCode = 1;
    }
    for (const one of left) {
      process.stdout.write(`  LEFT BEHIND: ${one}\n`);
    }
  }
}

function print(
  mode: string,
  { joins, restarts, seconds, before, after, growth }: SoakReport,
): void {
  const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1);
  const of = ({ heap, workers }: SoakReport['before']['memory']) =>
    `heap ${megabytes(heap)} MB, workers ${workers.map(megabytes).join(' and ')} MB`;
  const bytes = (number: number) => `${number.toFixed(0)} bytes`;
  const counted = ({ counts, objects }: SoakReport['before']) =>
    JSON.stringify({ ...counts, objects });
  process.stdout.write(
    [
      `${mode}: ${joins} joins, ${restarts} ICE restarts in ${seconds.toFixed(0)} s`,
      `  before: ${counted(before)}`,
      `  after:  ${counted(after)}`,
      `  before: ${of(before.memory)}`,
      `  after:  ${of(after.memory)}`,
      `  growth for each join: heap ${bytes(growth.heap)}, workers ${bytes(growth.workers)}; a leak: above ${bytes(margin(joins))}`,
      '',
    ].join('\n'),
  );
}

function readArgs(args: string[]) {
  try {
    const text = { type: 'string' } as const;
    const { values } = parseArgs({
      args,
      options: { joins: text, restarts: text, mode: text, help: { type: 'boolean', short: 'h' } },
    });
    const modes = soakModes.filter((mode) => values.mode === undefined || mode === values.mode);
    const [joins, restarts] = [Number(values.joins ?? 10_000), Number(values.restarts ?? 1_000)];
    if (modes.length === 0) {
      throw new Error(`--mode ${values.mode}: expected ${soakModes.join(', ')}`);
    }
    if (!(joins > 0 && restarts >= 0 && restarts <= joins)) {
      throw new Error('expected --joins above 0, and no more --restarts than that');
    }
    return { help: values.help, joins, restarts, modes };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new SetUpError(message, { advice: usage, exitCode: 2 });
  }
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(`\noneport: ${message}\n`);
  process.exitCode = error instanceof SetUpError ? error.exitCode : 1;
}
