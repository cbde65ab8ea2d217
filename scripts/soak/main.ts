import { runCli, UsageError } from '../cli.ts';
import { leftBehind, margin, type SoakReport, soak, soakModes } from './soak.ts';

const usage = `Usage: npm run soak -- [options]

Lets peers join and leave a real server: half of them close their sockets, half are cut off, and some restart ICE.
Measures the server and its workers before and after: rooms, routers, transports, ports, files, sizes of tables, objects
in the heap, and memory. Exits with code 1 if anything is left behind.

  --joins N      joins in each mode (10000)
  --restarts N   ICE restarts among them (1000)
  --mode M       only this mode: ${soakModes.join(', ')}
  --help

Results are in docs/reliability.md.
`;

/** Joins between two lines of progress. */
const joinsPerLine = 1_000;

await runCli({
  name: 'soak',
  usage,
  options: {
    joins: { type: 'string', default: '10000' },
    restarts: { type: 'string', default: '1000' },
    mode: { type: 'string' },
  },
  async run(values) {
    const modes = soakModes.filter((mode) => values.mode === undefined || mode === values.mode);
    const [joins, restarts] = [Number(values.joins), Number(values.restarts)];
    if (modes.length === 0) {
      throw new UsageError(`--mode ${values.mode}: expected ${soakModes.join(', ')}`);
    }
    if (!(joins > 0 && restarts >= 0 && restarts <= joins)) {
      throw new UsageError('expected --joins above 0, and no more --restarts than --joins');
    }
    let exitCode = 0;
    for (const mode of modes) {
      const report = await soak({
        mode,
        joins,
        restarts,
        onProgress(done) {
          if (done % joinsPerLine === 0) {
            process.stdout.write(`${mode}: ${done} of ${joins} joins\n`);
          }
        },
      });
      print(mode, report);
      for (const line of leftBehind(report)) {
        process.stdout.write(`  LEFT BEHIND: ${line}\n`);
        exitCode = 1;
      }
    }
    return exitCode;
  },
});

function print(
  mode: string,
  { joins, restarts, seconds, before, after, growth }: SoakReport,
): void {
  const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1);
  const memory = ({ heap, workers }: SoakReport['before']['memory']) =>
    `heap ${megabytes(heap)} MB, workers ${workers.map(megabytes).join(' and ')} MB`;
  const bytes = (number: number) => `${number.toFixed(0)} bytes`;
  const counts = ({ counts, objects }: SoakReport['before']) =>
    JSON.stringify({ ...counts, objects });
  process.stdout.write(
    `${mode}: ${joins} joins, ${restarts} ICE restarts in ${seconds.toFixed(0)} s
  before: ${counts(before)}
  after:  ${counts(after)}
  before: ${memory(before.memory)}
  after:  ${memory(after.memory)}
  growth per join: heap ${bytes(growth.heap)}, workers ${bytes(growth.workers)}; a leak is more than ${bytes(margin(joins))}
`,
  );
}
