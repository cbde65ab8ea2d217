/** The cost of a forwarded packet: real peers, recorded media, one worker. */

import { residentBytesOf } from '../testkit/system/processes.ts';
import { busiest, chooseCores, readCoreTimes } from './cores.ts';
import { type LoadOptions, runLoad } from './load/load-run.ts';
import { processCpuNs } from './measuring.ts';
import type { Group, Measured, Scenario } from './scenario.ts';
import {
  otherWorkers,
  portModes,
  type ServerSetup,
  serverSubject,
  startPinnedServer,
} from './server-subject.ts';
import { whyInvalid } from './validity.ts';

/** The load of a scenario: one room. */
export type Room = Pick<LoadOptions, 'peers' | 'publishers' | 'codec' | 'layer'>;

const warmUpSeconds = 1;

export async function measureForwarding(
  setup: ServerSetup,
  room: Room,
  seconds: number,
): Promise<Measured> {
  const cores = chooseCores();
  await using stack = new AsyncDisposableStack();
  const server = await startPinnedServer(setup);
  stack.defer(() => server.stop());
  const read = () => ({
    at: performance.now(),
    workerNs: processCpuNs(server.workerPid),
    cores: readCoreTimes(),
  });
  const memoryBefore = residentBytesOf(server.workerPid);
  const readings: ReturnType<typeof read>[] = [];
  const report = await runLoad({
    ...{ ...room, url: server.url, rooms: 1, seconds, warmUpSeconds, joinsPerSecond: 50 },
    processes: cores.generator.length,
    onStart: () => readings.push(read()),
    onEnd: () => readings.push(read()),
  });
  const memory = residentBytesOf(server.workerPid);
  const [start, end] = readings;
  if (!start || !end) {
    throw new Error('nothing was measured');
  }
  const load = {
    generator: busiest(cores.generator, start.cores, end.cores),
    worker: (end.workerNs - start.workerNs) / 1e6 / (end.at - start.at),
  };
  const foreign = busiest(cores.workers, start.cores, end.cores) - load.worker;
  const { received } = report.packets;
  return {
    load,
    invalid: whyInvalid(report, room.peers, { generator: load.generator, foreign }),
    figures: {
      cpu: (end.workerNs - start.workerNs) / 1000 / received,
      rate: received / report.seconds,
      delayP50: report.delay.p50 ?? Number.NaN,
      delayP95: report.delay.p95 ?? Number.NaN,
      delayP99: report.delay.p99 ?? Number.NaN,
      runLength: report.runLength ?? Number.NaN,
      memory: memory / 2 ** 20,
      memoryPerPeer: (memory - memoryBefore) / 1024 / room.peers,
    },
  };
}

function scenario(
  name: string,
  title: string,
  room: Room,
  { x, short = false }: { x?: number; short?: boolean } = {},
): Scenario {
  return {
    name: `forwarding/${name}`,
    title,
    ...(x !== undefined && { x }),
    short,
    subjects: (options) =>
      [...portModes(options), ...otherWorkers(options)].map((setup) =>
        serverSubject(setup, (setup, seconds) => measureForwarding(setup, room, seconds)),
      ),
  };
}

const oneToMany = (receivers: number, codec: Room['codec']): Room => ({
  codec,
  peers: 1 + receivers,
  publishers: 1,
});

export const forwarding: Group = {
  name: 'forwarding',
  title: 'CPU per forwarded packet',
  text: `
Peers of the [load generator](load-testing.md) join one room of a real server by its own signalling, connect by ICE, DTLS
and SRTP, and publish what Chromium once sent: Opus, and 720p VP8 in three simulcast layers, of which a receiver gets the
highest unless a row says otherwise. *CPU* is the worker's user and system time, divided by the packets that arrived at receivers. It includes
receiving and decrypting the publishers' packets, so one-to-one costs most per packet.

*Delay* is from the publisher's call to send until the receiver's JavaScript has the packet. It includes the load generator,
which shares one core with the server's signalling, so it is an upper bound of what the worker adds. *Run* is the mean number of
consecutive packets of equal size for one receiver within 1.5 ms: what one system call could send (UDP GSO).

The figures do not say how many packets a core forwards at most: a busy worker finds more packets in each
turn of its loop and spends less on each. Loopback has no network card, whose driver would cost more than the
copy between two sockets.`,
  figures: {
    cpu: { title: 'CPU', unit: 'µs', better: 'lower', ratio: true },
    rate: { title: 'packets/s', unit: '', better: 'neither' },
    delayP50: { title: 'delay p50', unit: 'ms', better: 'lower' },
    delayP95: { title: 'p95', unit: 'ms', better: 'lower' },
    delayP99: { title: 'p99', unit: 'ms', better: 'lower' },
    runLength: { title: 'run', unit: '', better: 'neither' },
    memory: { title: 'worker memory', unit: 'MB', better: 'lower' },
    memoryPerPeer: { title: 'per peer', unit: 'kB', better: 'lower' },
  },
  plot: { figure: 'cpu' },
  scenarios: [
    scenario('video-1-1', 'video, 1 to 1', oneToMany(1, 'vp8')),
    scenario('video-1-10', 'video, 1 to 10', oneToMany(10, 'vp8')),
    scenario('video-1-40', 'video, 1 to 40', oneToMany(40, 'vp8'), { short: true }),
    scenario('audio-1-40', 'audio, 1 to 40', oneToMany(40, 'opus')),
    scenario('all-to-all-20', 'video, 20 to all, lowest layer', {
      codec: 'vp8',
      peers: 20,
      publishers: 20,
      layer: 0,
    }),
  ],
};
