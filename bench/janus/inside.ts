/**
 * Measures Janus in a network namespace, because it does not use loopback addresses. Prints a `Measured` as JSON.
 *
 *     ip netns exec NAME node bench/janus/inside.ts JANUS_FOLDER EVENT_LOOPS opus|vp8 RECEIVERS SECONDS
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { eventLoopUtilization } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../../testkit/system/eventually.ts';
import { residentBytesOf } from '../../testkit/system/processes.ts';
import { busiest, chooseCores, pin, pinned, readCoreTimes } from '../cores.ts';
import { Histogram } from '../load/histogram.ts';
import { noPackets } from '../load/received-stream.ts';
import { readRecording } from '../load/recording.ts';
import { parseFeedback } from '../load/rtcp.ts';
import { closeLibrary } from '../load/rtp-connection.ts';
import { NtpClock } from '../load/rtp-packet.ts';
import { SentStream } from '../load/sent-stream.ts';
import { noSizes, SizeRuns } from '../load/size-runs.ts';
import { processCpuNs } from '../measuring.ts';
import type { Measured } from '../scenario.ts';
import { whyBusy } from '../validity.ts';
import { JanusClient } from './janus-client.ts';
import { payloadTypes, publish, room, subscribe } from './janus-peer.ts';
import { configureJanus } from './program.ts';

const ssrc = 1_234_567;
const warmUpMs = 1_000;
const drainMs = 300;

async function measure(
  folder: string,
  eventLoops: number,
  codec: 'opus' | 'vp8',
  receivers: number,
  seconds: number,
): Promise<Measured> {
  await using stack = new AsyncDisposableStack();
  const cores = chooseCores();
  pin(process.pid, cores.generator);
  const command = configureJanus(folder, eventLoops);
  const janus = spawn('taskset', pinned(cores.workers, command.program, ...command.args).slice(1), {
    env: { ...process.env, ...command.env },
    stdio: 'ignore',
  });
  stack.defer(async () => {
    const exit = once(janus, 'exit');
    janus.kill('SIGKILL');
    await exit;
  });
  const pid = janus.pid ?? 0;
  const client = await untilListening();
  stack.defer(() => client[Symbol.dispose]());
  const handle = await client.attach();
  // Without limits and without bandwidth estimation, as the load generator's peers of oneport.
  await client.request(handle, {
    ...{ request: 'create', room, publishers: 100, bitrate: 0 },
    ...{ audiocodec: 'opus', videocodec: 'vp8', transport_wide_cc_ext: false },
  });
  const memoryBefore = residentBytesOf(pid);
  const clock = new NtpClock(BigInt(NtpClock.offsetNow()));
  const kind = codec === 'opus' ? 'audio' : 'video';
  const publisher = await publish(client, kind, ssrc, (packet) => {
    const { nacks, keyFrames } = parseFeedback(packet);
    for (const number of nacks.flatMap(({ sequenceNumbers }) => sequenceNumbers)) {
      stream.sendAgain(number);
    }
    if (keyFrames.length > 0) {
      stream.sendKeyFrame();
    }
  });
  stack.defer(() => publisher.close());
  const stream = new SentStream({
    codec,
    recording: readRecording(codec).at(-1) ?? [],
    clockRate: codec === 'opus' ? 48_000 : 90_000,
    ssrc,
    payloadType: payloadTypes[kind],
    captureTimeId: 1,
    clock,
    send: (packet) => publisher.send(packet),
  });
  const late = new Histogram();
  stream.onLate = (ms) => late.record(ms);
  let sending = true;
  const timer = setInterval(() => sending && stream.tick(performance.now()), 1);
  stack.defer(() => clearInterval(timer));
  const [counts, sizes] = [noPackets(), noSizes()];
  const streams = [];
  for (let n = 0; n < receivers; n++) {
    const subscriber = await subscribe(client, publisher.feedId, {
      ...{ counts, clock, sizes: new SizeRuns(sizes) },
    });
    stack.defer(() => subscriber.close());
    streams.push(subscriber.streams);
  }
  await sleep(warmUpMs);
  for (const one of streams.flat()) {
    one.forgetMissing();
  }
  Object.assign(counts, noPackets());
  Object.assign(sizes, noSizes());
  const read = () => ({
    at: performance.now(),
    ns: processCpuNs(pid),
    cores: readCoreTimes(),
    loop: eventLoopUtilization(),
  });
  const start = read();
  await sleep(1000 * seconds);
  const end = read();
  sending = false;
  await sleep(drainMs);
  for (const one of streams.flat()) {
    one.end();
  }
  const elapsed = end.at - start.at;
  const load = {
    generator: busiest(cores.generator, start.cores, end.cores),
    worker: (end.ns - start.ns) / 1e6 / elapsed,
  };
  const cpu = (end.ns - start.ns) / 1000 / counts.received;
  const memory = (residentBytesOf(pid) - memoryBefore) / 1024 / (1 + receivers);
  const busy = {
    generator: load.generator,
    foreign: busiest(cores.workers, start.cores, end.cores) - load.worker,
  };
  return {
    load,
    figures: {
      ...{ cpu, memory, rate: counts.received / (elapsed / 1000) },
      runLength: sizes.packets / sizes.runs,
    },
    invalid: [
      ...whyBusy(busy),
      ...(counts.received === 0 ? ['no packet was received'] : []),
      ...(counts.lost + counts.recovered > 0
        ? [`${counts.lost + counts.recovered} packets were lost`]
        : []),
      ...((late.quantile(0.99) ?? 0) > 20 ? ['the generator sent packets late'] : []),
    ],
  };
}

async function untilListening(): Promise<JanusClient> {
  let client: JanusClient | undefined;
  await eventually(async () => {
    client = await JanusClient.open();
  });
  if (!client) {
    throw new Error('Janus does not listen');
  }
  return client;
}

const [folder = '', eventLoops, codec, receivers, seconds] = process.argv.slice(2);
const measured = await measure(
  folder,
  Number(eventLoops),
  codec === 'opus' ? 'opus' : 'vp8',
  Number(receivers),
  Number(seconds),
);
process.stdout.write(`${JSON.stringify(measured)}\n`, () => {
  closeLibrary();
  process.exit();
});
