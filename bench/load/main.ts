import { runCli, UsageError } from '../../scripts/cli.ts';
import { type LoadReport, NoPeerError, runLoad, type Times } from './load-run.ts';
import { videoCodecs } from './recording.ts';
import { judge } from './verdict.ts';
import type { WitnessReport } from './witness.ts';

const usage = `Usage: npm run load -- --url URL [options]

Lets peers join rooms of a running server, publish recorded audio and video, and check every packet that they receive.

  --url URL             the page of the server, such as https://call.example.org
  --rooms N             rooms (1)
  --peers N             peers in each room (3)
  --publishers N        those in each room that publish; the others only receive (all)
  --codec CODEC         video: ${videoCodecs.join(', ')}; opus: no video (vp8)
  --layer N             the spatial layer that receivers prefer, 0 to 2 (the highest)
  --minutes M           how long to measure, once all peers have joined (1)
  --joins-per-second N  (5)
  --witness             let a Chromium of this machine join the first room, and report what it shows
  --processes N         of this load generator (one for each core)
  --token TOKEN         admits the peers, where the server requires tokens
  --insecure            accept an invalid certificate

  --max-loss PERCENT    fail if more packets are lost at first
  --max-delay-p95 MS    fail if packets take longer
  --max-delay-p99 MS
  --max-join-p95 MS     fail if joining takes longer
  --json                print the report as JSON

  --record CODEC        instead of all this, record that codec and opus from Chromium, in a server of its own

Progress goes to stderr. Exit codes: 0 passed, 1 failed, 2 wrong options, 3 invalid, because this load generator was too
slow. docs/load-testing.md explains the figures.
`;

const exitCodes = { passed: 0, failed: 1, invalid: 3 };
const secondsPerLine = 5;
/** A few hundred kB for each codec. */
const recordedSeconds = 3;

await runCli({
  name: 'load',
  usage,
  options: {
    url: { type: 'string' },
    rooms: { type: 'string', default: '1' },
    peers: { type: 'string', default: '3' },
    publishers: { type: 'string' },
    codec: { type: 'string', default: 'vp8' },
    layer: { type: 'string' },
    minutes: { type: 'string', default: '1' },
    'joins-per-second': { type: 'string', default: '5' },
    processes: { type: 'string' },
    token: { type: 'string' },
    insecure: { type: 'boolean', default: false },
    witness: { type: 'boolean', default: false },
    'max-loss': { type: 'string' },
    'max-delay-p95': { type: 'string' },
    'max-delay-p99': { type: 'string' },
    'max-join-p95': { type: 'string' },
    json: { type: 'boolean', default: false },
    record: { type: 'string' },
  },
  async run(values) {
    if (values.record !== undefined) {
      return recordCodec(values.record);
    }
    const { url = '', token, insecure, witness, json } = values;
    if (!/^https?:\/\//.test(url) || !URL.canParse(url)) {
      throw new UsageError('expected --url, the page of the server: https://call.example.org');
    }
    const codec = [...videoCodecs, 'opus' as const].find((name) => name === values.codec);
    if (!codec) {
      throw new UsageError(`--codec ${values.codec}: expected ${videoCodecs.join(', ')} or opus`);
    }
    const whole = { whole: true, min: 1 };
    const peers = numberIn(values, 'peers', whole) ?? 0;
    const rooms = numberIn(values, 'rooms', whole) ?? 0;
    const limits = {
      maxLoss: numberIn(values, 'max-loss'),
      maxDelayP95: numberIn(values, 'max-delay-p95'),
      maxDelayP99: numberIn(values, 'max-delay-p99'),
      maxJoinP95: numberIn(values, 'max-join-p95'),
    };
    const interrupted = new AbortController();
    process.once('SIGINT', () => interrupted.abort());
    const minutes = numberIn(values, 'minutes', { min: 0.01 }) ?? 0;
    const options = {
      url,
      rooms,
      peers,
      publishers: numberIn(values, 'publishers', { ...whole, max: peers }) ?? peers,
      codec,
      layer: numberIn(values, 'layer', { whole: true, min: 0, max: 2 }),
      seconds: 60 * minutes,
      joinsPerSecond: numberIn(values, 'joins-per-second', { min: 0.1 }) ?? 0,
      processes: numberIn(values, 'processes', { ...whole, max: rooms * peers }),
    };
    let seconds = 0;
    const running = runLoad({
      ...options,
      token,
      insecure,
      witness,
      signal: interrupted.signal,
      onJoined(joined, failed) {
        progress(`${joined} of ${rooms * peers} peers joined${failed ? `, ${failed} failed` : ''}`);
      },
      onLive(live) {
        seconds += 1;
        if (seconds % secondsPerLine === 0) {
          progress(`${seconds} s: ${figures(live).join('; ')}`);
        }
      },
    });
    const report = await running.catch((error: unknown) => {
      if (error instanceof NoPeerError) {
        return error;
      }
      throw error;
    });
    if (report instanceof NoPeerError) {
      progress(`oneport: no peer can join ${url}: ${report.message}. Does the server run there?`);
      return exitCodes.failed;
    }
    const { verdict, reasons } = judge(report, limits);
    // The figures of an invalid run are not shown, so that they are not taken for the server's.
    const { generator } = report;
    const shown = verdict === 'invalid' ? { generator } : report;
    if (json) {
      const at = new Date().toISOString();
      process.stdout.write(
        `${JSON.stringify({ at, ...options, limits, verdict, reasons, ...shown }, null, 2)}\n`,
      );
    } else {
      const lines = verdict === 'invalid' ? [generatorText(report)] : figures(report);
      process.stdout.write(`${[...lines, verdict.toUpperCase(), ...reasons].join('\n  ')}\n`);
    }
    return exitCodes[verdict];
  },
});

/** @throws UsageError when it is no video codec of a browser */
async function recordCodec(name: string): Promise<number> {
  const codec = videoCodecs.find((one) => one === name);
  if (!codec) {
    throw new UsageError(`--record ${name}: expected ${videoCodecs.join(', ')}`);
  }
  // Loads a server and a browser's driver, which no other run needs.
  const { record } = await import('./record.ts');
  for (const [of, bytes] of Object.entries(await record(codec, recordedSeconds))) {
    progress(`${of}: ${bytes} bytes`);
  }
  return 0;
}

function figures(report: LoadReport): string[] {
  const { packets, seconds, loss, delay, join, streams, silentStreams, joined, witness } = report;
  const rate = (count: number) => `${Math.round(count / seconds)} packets/s`;
  return [
    `${joined} peers, joined in ${timesText(join)}`,
    `sent ${rate(report.sent)}, received ${rate(packets.received)}`,
    `loss ${(100 * loss).toFixed(3)} % (${packets.recovered} recovered, ${packets.lost} not)`,
    `delay ${timesText(delay)}`,
    `${streams} received streams, ${silentStreams} silent`,
    ...(witness ? [witnessText(witness)] : []),
    generatorText(report),
  ];
}

function witnessText({
  videos,
  firstFrames,
  framesDecoded,
  freezes,
  frozenSeconds,
}: WitnessReport): string {
  const first = firstFrames.map((ms) => Math.round(ms)).join(', ');
  const frozen = `${freezes} freezes (${frozenSeconds.toFixed(1)} s)`;
  return `witness: ${framesDecoded} frames of ${videos} videos, ${frozen}, first frames after ${first} ms`;
}

function generatorText({ generator: { cpu, loop, late } }: LoadReport): string {
  const busy = `event loop busy for ${(100 * loop).toFixed(0)} %`;
  return `generator: ${cpu.toFixed(2)} cores, ${busy}, sends late by ${timesText(late)}`;
}

function timesText({ p50, p95, p99 }: Times): string {
  const all = [p50, p95, p99].map((ms) => (ms === undefined ? '-' : Number(ms.toPrecision(2))));
  return `${all.join('/')} ms (p50/p95/p99)`;
}

function progress(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** @throws UsageError when an option is no number, or outside its range */
function numberIn<O extends string>(
  values: { [Name in O]?: string | boolean | undefined },
  name: O,
  { min = 0, max = Infinity, whole = false } = {},
): number | undefined {
  const text = values[name];
  if (text === undefined) {
    return undefined;
  }
  const number = text === '' ? Number.NaN : Number(text);
  if (!(number >= min && number <= max) || (whole && !Number.isInteger(number))) {
    const range = max === Infinity ? `${min} or more` : `${min} to ${max}`;
    throw new UsageError(`--${name} ${text}: expected a ${whole ? 'whole ' : ''}number, ${range}`);
  }
  return number;
}
