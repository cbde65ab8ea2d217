/**
 * What steering costs: a server in shared-port beside one in single-port, measured in turns.
 * docs/shared-port.md has the command and its result.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { bpf, close } from '../server/src/ports/steering/system-calls.ts';
import { DtlsCertificate } from './dtls-keys.ts';
import { type Kind, PortSubject, type Run } from './port-subject.ts';
import { median, ratioText } from './ratios.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '101' },
    workers: { type: 'string', default: '2' },
    peers: { type: 'string', default: '16' },
  },
});
const rounds = Number(values.rounds);
/** Short turns, so that what else the machine does meanwhile meets all of them alike. */
const packets = { bursts: 6_000, flood: 30_000 };
const size = { workers: Number(values.workers), peersOfWorker: Number(values.peers) };

const certificate = new DtlsCertificate();
// The control is the same mode once more: how far its ratio is from 1 is noise.
const [single, control, shared] = [
  await PortSubject.start('true', size, certificate),
  await PortSubject.start('true', size, certificate),
  await PortSubject.start('shared', size, certificate),
];
const subjects = [single, control, shared];

console.log(
  `${size.workers} workers with ${size.peersOfWorker} peers each; ${rounds} rounds in turns: ` +
    'single-port, control, shared-port\n',
);
for (const kind of ['srtp', 'unknown'] satisfies Kind[]) {
  await compare(
    `${kind}, in bursts: ns of CPU for a packet`,
    (run) => run.cpuNs,
    (subject) => subject.inBursts(kind, packets.bursts),
  );
  await compare(
    `${kind}, flood: packets received in a second`,
    (run) => run.packets / run.seconds,
    (subject) => subject.flood(kind, packets.flood),
  );
}
await showProgram('a packet from a known address', () => shared.inBursts('unknown', packets.flood));
await showProgram('a Binding Request', () => shared.checks(200));

for (const subject of subjects) await subject.stop();
certificate.remove();

async function compare(
  title: string,
  value: (run: Run) => number,
  measure: (subject: PortSubject) => Promise<Run>,
): Promise<void> {
  const runs = new Map<PortSubject, Run[]>(subjects.map((subject) => [subject, []]));
  for (let round = -1; round < rounds; round++) {
    for (const subject of round % 2 === 0 ? subjects : subjects.toReversed()) {
      const run = await measure(subject);
      // The first round only warms up.
      if (round >= 0) runs.get(subject)?.push(run);
    }
  }
  const of = (subject: PortSubject) => (runs.get(subject) ?? []).map(value);
  const lost = [...runs.values()].flat().reduce((sum, run) => sum + run.lost, 0);
  console.log(
    `${title}: ${subjects.map((subject) => median(of(subject)).toFixed(0)).join(', ')}\n` +
      `  control : single ${ratioText(of(control), of(single))}\n` +
      `  shared : single  ${ratioText(of(shared), of(single))}; ${lost} lost in all\n`,
  );
}

/** The kernel's own clock around each run of the program (BPF_ENABLE_STATS, bpf(2)): CAP_SYS_ADMIN. */
async function showProgram(title: string, work: () => Promise<unknown>): Promise<void> {
  const statistics = bpf({ number: 32, name: 'BPF_ENABLE_STATS' }, Buffer.alloc(4));
  const before = programRuns();
  await work();
  const after = programRuns();
  close(statistics);
  const count = after.count - before.count;
  console.log(
    `the program, ${title}: ${((after.ns - before.ns) / count).toFixed(0)} ns (${count} runs)`,
  );
}

/** This process has one program: there is one address (/proc/PID/fdinfo, proc_pid_fdinfo(5)). */
function programRuns(): { ns: number; count: number } {
  for (const fd of readdirSync('/proc/self/fdinfo')) {
    const info = infoOf(fd);
    const field = (name: string) => Number(new RegExp(`^${name}:\\s*(\\d+)`, 'm').exec(info)?.[1]);
    if (info.includes('prog_type')) return { ns: field('run_time_ns'), count: field('run_cnt') };
  }
  throw new Error('no program is loaded');
}

/** The one that lists the folder has gone meanwhile. */
function infoOf(fd: string): string {
  try {
    return readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1');
  } catch {
    return '';
  }
}
