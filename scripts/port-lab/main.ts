import { runCli } from '../cli.ts';
import { interruptible } from '../setup/children.mjs';
import { SetUpError } from '../setup/set-up-error.mjs';
import { runLab } from './lab.ts';
import { printReport } from './print.ts';

const usage = `Usage: npm run port-lab [-- options]

Can two sockets share a port, and which one gets the traffic? Runs the experiments behind the last section of the
document that oneport began with, on this kernel, in seconds, and says for each of its sentences whether it holds here.

  --json    print the tables and verdicts as JSON
  --help

Runs on Linux. All traffic stays on loopback; as root, in a network namespace of its own.
Some experiments may be skipped, with a message: the one with a process of another user needs root, the one with
mediasoup needs a worker (npm run worker gets it).

docs/port-reuse.md explains the results.
`;

await runCli({
  name: 'port-lab',
  usage,
  options: { json: { type: 'boolean' } },
  async run({ json }) {
    if (process.platform !== 'linux') {
      throw new SetUpError(`the port lab runs on Linux, not on ${process.platform}`);
    }
    const report = await interruptible(runLab);
    process.stdout.write(json ? `${JSON.stringify(report, null, 2)}\n` : printReport(report));
    return 0;
  },
});
