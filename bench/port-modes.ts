/**
 * Compares the cost of shared-port and multi-port with single-port: servers side by side, measured in turns. The command
 * and the result are in docs/shared-port.md, the result of multi-port in docs/choosing-a-port-mode.md.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { bpf, close } from '../server/src/ports/shared-port/steering/system-calls.ts';
import { ratioText } from './measuring.ts';
import { DtlsCertificate, type Kind, PortSubject } from './port-subject.ts';
import { median } from './statistics.ts';

const { values } = parseArgs({
  options: {
    starts: { type: 'string', default: '6' },
    rounds: { type: 'string', default: '60' },
    workers: { type: 'string', default: '2' },
    peers: { type: 'string', default: '16' },
  },
});
const [starts, rounds] = [Number(values.starts), Number(values.rounds)];
const size = { workers: Number(values.workers), peersOfWorker: Number(values.peers) };

/** The control is the first mode again: its ratio differs from 1 only by noise. */
const names = ['single', 'control', 'shared', 'multi'] as const;
const settings = { single: 'true', control: 'true', shared: 'shared', multi: 'false' } as const;
type Subjects = Record<(typeof names)[number], PortSubject>;

/** In short turns, so that other load on the machine affects all modes alike. */
const measurements = (['srtp', 'unknown'] satisfies Kind[]).flatMap((kind) => [
  {
    title: `${kind}, in bursts: ns of CPU for a packet`,
    rounds,
    measure: async (subject: PortSubject) => (await subject.inBursts(kind, 6_000)).cpuNs,
  },
  {
    title: `${kind}, flood: packets received in a second`,
    rounds: Math.ceil(rounds / 4),
    measure: async (subject: PortSubject) => {
      const run = await subject.flood(kind, 30_000);
      return run.packets / run.seconds;
    },
  },
]);
const results = measurements.map(() => ({
  single: [] as number[],
  control: [] as number[],
  shared: [] as number[],
  multi: [] as number[],
}));

const certificate = new DtlsCertificate();
for (let start = 0; start < starts; start++) {
  // New servers for each start, because the memory layout of a process makes it faster or slower as long as it runs.
  process.stderr.write(`start ${start + 1} of ${starts}\n`);
  const subjects = await startSubjects(start);
  for (const [i, measurement] of measurements.entries()) {
    for (let round = -1; round < measurement.rounds; round++) {
      for (const name of rotated(names, round + 1)) {
        const value = await measurement.measure(subjects[name]);
        // The first round warms up.
        if (round >= 0) {
          results[i]?.[name].push(value);
        }
      }
    }
  }
  if (start === starts - 1) {
    await showProgram('a packet from a known address', () =>
      subjects.shared.inBursts('unknown', 30_000),
    );
    await showProgram('a Binding Request', () => subjects.shared.checks(200));
  }
  for (const name of names) {
    await subjects[name].stop();
  }
}
certificate.remove();

console.log(
  `${size.workers} workers with ${size.peersOfWorker} peers each, ${starts} starts of the servers`,
);
for (const [i, { title, rounds }] of measurements.entries()) {
  const { single = [], control = [], shared = [], multi = [] } = results[i] ?? {};
  console.log(
    `\n${title}, ${starts * rounds} rounds with each\n` +
      `  single-port ${median(single).toFixed(0)}, shared-port ${median(shared).toFixed(0)}, multi-port ${median(multi).toFixed(0)}\n` +
      `  control : single-port      ${ratioText(control, single)}\n` +
      `  shared-port : single-port  ${ratioText(shared, single)}\n` +
      `  multi-port : single-port   ${ratioText(multi, single)}`,
  );
}

async function startSubjects(turn: number): Promise<Subjects> {
  const subjects: Partial<Subjects> = {};
  for (const name of rotated(names, turn)) {
    subjects[name] = await PortSubject.start(settings[name], size, certificate);
  }
  return subjects as Subjects;
}

function rotated<T>(list: readonly T[], by: number): T[] {
  const first = by % list.length;
  return [...list.slice(first), ...list.slice(0, first)];
}

/** The kernel measures each run of the program (BPF_ENABLE_STATS, bpf(2)); needs CAP_SYS_ADMIN. */
async function showProgram(title: string, work: () => Promise<unknown>): Promise<void> {
  const statistics = bpf({ number: 32, name: 'BPF_ENABLE_STATS' }, Buffer.alloc(4));
  const before = programRuns();
  await work();
  const after = programRuns();
  close(statistics);
  const count = after.count - before.count;
  console.log(
    `the eBPF program, ${title}: ${((after.ns - before.ns) / count).toFixed(0)} ns (${count} runs)`,
  );
}

/** This process has one program, for its only address (proc_pid_fdinfo(5)). */
function programRuns(): { ns: number; count: number } {
  for (const fd of readdirSync('/proc/self/fdinfo')) {
    const info = infoOf(fd);
    const field = (name: string) => Number(new RegExp(`^${name}:\\s*(\\d+)`, 'm').exec(info)?.[1]);
    if (info.includes('prog_type')) {
      return { ns: field('run_time_ns'), count: field('run_cnt') };
    }
  }
  throw new Error('no program is loaded');
}

/** @returns an empty text for the descriptor that listed the folder, which is closed by now */
function infoOf(fd: string): string {
  try {
    return readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1');
  } catch {
    return '';
  }
}
