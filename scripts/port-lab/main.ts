import { parseArgs } from 'node:util';
import { interruptible } from '../setup/children.mjs';
import { SetUpError } from '../setup/set-up-error.mjs';
import { constantsOf } from './constants.ts';
import { printReport } from './print.ts';
import { usage } from './usage.ts';

const columns = { fewest: 60, most: 120, ofNoTerminal: 80 };

async function main(args: string[]): Promise<void> {
  const { json, help } = readArgs(args);

  if (help) {
    process.stdout.write(usage);

    return;
  }
  if (!constantsOf(process.platform)) {
    throw new SetUpError(
      `the port lab runs on Linux, macOS and FreeBSD, not on ${process.platform}`,
    );
  }

  // Only now: the rest needs a C library that it knows.
  const { runLab } = await import('./lab.ts');
  const report = await interruptible(runLab);

  process.stdout.write(
    json ? `${JSON.stringify(report, null, 2)}\n` : printReport(report, lookOf(process.stdout)),
  );
}

function lookOf(stream: NodeJS.WriteStream): { width: number; colour: boolean } {
  const width = stream.columns ?? (Number(process.env.COLUMNS) || columns.ofNoTerminal);

  return {
    width: Math.min(columns.most, Math.max(columns.fewest, width)),
    colour: stream.isTTY === true && stream.hasColors(),
  };
}

function readArgs(args: string[]) {
  try {
    return parseArgs({
      args,
      options: { json: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
    }).values;
  } catch (error) {
    throw new SetUpError(error instanceof Error ? error.message : String(error), {
      advice: usage,
      exitCode: 2,
    });
  }
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof SetUpError)) {
    throw error;
  }
  process.stderr.write(`\noneport: ${error.message}\n`);
  process.exitCode = error.exitCode;
}
