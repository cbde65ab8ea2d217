import { runCli } from '../cli.ts';
import { interruptible } from '../setup/children.mjs';
import { SetUpError } from '../setup/set-up-error.mjs';
import { constantsOf } from './constants.ts';
import { printReport } from './print.ts';

const usage = `Usage: npm run port-lab [-- options]

Can two sockets share a port, and which one gets the traffic? Runs the experiments behind the last section of the
document that oneport began with, on this kernel, in seconds, and says for each of its sentences whether it holds here.

  --json    print the tables and verdicts as JSON
  --help

Runs on Linux, macOS and FreeBSD. All traffic stays on loopback; as root on Linux, in a network namespace of its own.
Some experiments may be skipped, with a message: the one with a process of another user needs root, the one with
mediasoup needs a worker (npm run worker gets it).

docs/port-reuse.md explains the results.
`;

const columns = { min: 60, max: 120, withoutTerminal: 80 };

await runCli({
  name: 'port-lab',
  usage,
  options: { json: { type: 'boolean' } },
  async run({ json }) {
    if (!constantsOf(process.platform)) {
      throw new SetUpError(
        `the port lab runs on Linux, macOS and FreeBSD, not on ${process.platform}`,
      );
    }
    // Imported late, because the rest needs a C library that it knows.
    const { runLab } = await import('./lab.ts');
    const report = await interruptible(runLab);
    process.stdout.write(
      json ? `${JSON.stringify(report, null, 2)}\n` : printReport(report, lookOf(process.stdout)),
    );
    return 0;
  },
});

function lookOf(stream: NodeJS.WriteStream): { width: number; colour: boolean } {
  const width = stream.columns ?? (Number(process.env.COLUMNS) || columns.withoutTerminal);

  return {
    width: Math.min(columns.max, Math.max(columns.min, width)),
    colour: stream.isTTY === true && stream.hasColors(),
  };
}
