/** The cost of joining for the server's Node process, without media. */
import { eventLoopUtilization } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { TestPeer } from '../testkit/clients/test-peer.ts';
import { freePorts } from '../testkit/servers/free-ports.ts';
import { startServerProcess } from '../testkit/servers/server-process.ts';
import { residentBytesOf, workerPids } from '../testkit/system/processes.ts';
import { chooseCores, pinned } from './cores.ts';
import { Histogram } from './load/histogram.ts';
import type { Group, Measured, Scenario } from './scenario.ts';
import { portModes, type ServerSetup, serverMain, serverSubject } from './server-subject.ts';
import { limits } from './validity.ts';

const peersOfRoom = 5;
const portCount = 2_500;
/** In joins a second. Rates are doubled until one is too high, and then raised in small steps from the last good one. */
const rates = { first: 50, coarse: 2, fine: 1.2, most: 5_000 };
const acceptableP95 = 1_000;

/** All peers are of one address here, which the server would slow down. */
const withoutLimits = {
  MAX_ROOMS: '100000',
  MAX_ROOMS_PER_ADDRESS: '100000',
  MAX_HTTP_CONNECTIONS_PER_ADDRESS: '10000',
  MAX_WORKER_CPU: '100',
};

interface SignallingServer extends AsyncDisposable {
  readonly signalling: string;
  readonly pid: number;
  readonly workerPid: number;
}

/** Starts a server whose Node process and worker share one core, because the other one is the peers'. */
async function startServer({ workerBin, env }: ServerSetup): Promise<SignallingServer> {
  const firstPort = await freePorts(portCount);
  const server = await startServerProcess(
    {
      MEDIASOUP_WORKER_BIN: workerBin,
      LOG_LEVEL: 'error',
      MEDIASOUP_MIN_PORT: String(firstPort),
      MEDIASOUP_MAX_PORT: String(firstPort + portCount - 1),
      ...withoutLimits,
      ...env,
    },
    { command: pinned(chooseCores().workers, process.execPath, serverMain) },
  );
  const pid = server.process.pid ?? 0;
  return {
    signalling: `${server.url.replace('http', 'ws')}/signalling`,
    pid,
    workerPid: workerPids(pid)[0] ?? 0,
    [Symbol.asyncDispose]: () => server.stop(),
  };
}

/** Raises the rate of joins until a step's p95 exceeds a second. */
async function measureRate(setup: ServerSetup, seconds: number): Promise<Measured> {
  await using server = await startServer(setup);
  let good = { rate: 0, p95: 0 };
  let growth: number = rates.coarse;
  for (let rate = rates.first; rate < rates.most; ) {
    const loop = eventLoopUtilization();
    const { p95, failed } = await joinAt(server.signalling, rate, seconds);
    const generator = eventLoopUtilization(loop).utilization;
    const load = { generator, worker: 0 };
    const isTooHigh = p95 > acceptableP95;
    // A coarse step may be too high for both.
    const isOverloaded =
      generator > limits.generator && !(isTooHigh && growth === rates.coarse && good.rate > 0);
    if (failed > 0 || isOverloaded) {
      const percent = (100 * generator).toFixed(0);
      const why = failed
        ? `${failed} joins failed`
        : `the generator was busy for ${percent} % of the time`;
      return { figures: {}, invalid: [`${why}, at ${Math.round(rate)} joins a second`], load };
    }
    if (isTooHigh && (growth === rates.fine || good.rate === 0)) {
      return { figures: { rate: good.rate, joinP95: good.p95 }, invalid: [], load };
    }
    if (isTooHigh) {
      growth = rates.fine;
    } else {
      good = { rate, p95 };
    }
    rate = good.rate * growth;
  }
  return { figures: {}, invalid: ['the server was faster than the highest rate'] };
}

/** Lets peers join rooms of five at a rate, whether or not the earlier ones are done, and leave at once. */
async function joinAt(
  signalling: string,
  rate: number,
  seconds: number,
): Promise<{ p95: number; failed: number }> {
  const times = new Histogram();
  let failed = 0;
  const joins: Promise<void>[] = [];
  const run = `${Date.now().toString(36)}-${Math.round(rate)}`;
  const start = performance.now();
  const count = Math.ceil(rate * seconds);
  for (let n = 0; n < count; n++) {
    const due = start + (1000 * n) / rate;
    if (due > performance.now()) {
      await sleep(due - performance.now());
    }
    const roomId = `${run}-${Math.floor(n / peersOfRoom)}`;
    joins.push(
      TestPeer.join({ signalling, roomId }).then(
        async (peer) => {
          // From when it was due, or a generator that is late would hide how long others wait.
          times.record(performance.now() - due);
          await peer.leave();
        },
        () => {
          failed += 1;
        },
      ),
    );
  }
  await Promise.all(joins);
  return { p95: times.quantile(0.95) ?? 0, failed };
}

/** Memory of peers that have joined and do nothing. */
async function measureIdlePeers(setup: ServerSetup): Promise<Measured> {
  const count = 500;
  await using server = await startServer(setup);
  const read = () => ({
    server: residentBytesOf(server.pid),
    worker: residentBytesOf(server.workerPid),
  });
  const { signalling } = server;
  // Not counted: they let both allocate what all peers share.
  const peers = await joinTogether(signalling, 'first', peersOfRoom);
  const before = read();
  for (let room = 0; room < count / peersOfRoom; room++) {
    peers.push(...(await joinTogether(signalling, `room-${room}`, peersOfRoom)));
  }
  await sleep(2_000);
  const after = read();
  await Promise.all(peers.map((peer) => peer.leave()));
  const perPeer = (bytes: number) => bytes / 1024 / count;
  return {
    figures: {
      serverMemory: perPeer(after.server - before.server),
      workerMemory: perPeer(after.worker - before.worker),
    },
    invalid: [],
  };
}

/** A hundred peers join one room at once. */
async function measureRoomOf100(setup: ServerSetup): Promise<Measured> {
  await using server = await startServer(setup);
  const { signalling } = server;
  await Promise.all(
    (await joinTogether(signalling, 'warm-up', peersOfRoom)).map((peer) => peer.leave()),
  );
  const times = new Histogram();
  const loop = eventLoopUtilization();
  const start = performance.now();
  const peers = await joinTogether(signalling, 'all', 100, () =>
    times.record(performance.now() - start),
  );
  const load = { generator: eventLoopUtilization(loop).utilization, worker: 0 };
  await Promise.all(peers.map((peer) => peer.leave()));
  return { figures: { joinP95: times.quantile(0.95) ?? 0 }, invalid: [], load };
}

function joinTogether(
  signalling: string,
  roomId: string,
  count: number,
  onJoined?: () => void,
): Promise<TestPeer[]> {
  return Promise.all(
    Array.from({ length: count }, async () => {
      const peer = await TestPeer.join({ signalling, roomId });
      onJoined?.();
      return peer;
    }),
  );
}

function scenario(
  name: string,
  title: string,
  run: (setup: ServerSetup, seconds: number) => Promise<Measured>,
): Scenario {
  return {
    name: `signalling/${name}`,
    title,
    short: false,
    subjects: (options) => portModes(options).map((setup) => serverSubject(setup, run)),
  };
}

export const signalling: Group = {
  name: 'signalling',
  title: 'Signalling',
  text: `
Peers join by WebSocket without media: \`welcome\`, then \`join\`, in rooms of ${peersOfRoom}. The server's Node process and its worker share
one core, the peers have the other one. *Joins/s* is the highest rate, raised by steps of 20 %, at which 95 % of joins took less than
a second, counted from the moment at which a join was due. Each join creates two transports, and its peer leaves at once.
*Memory* is the increase of each process per peer that has joined and stays; Node's includes garbage.

Limits per address are raised for these scenarios; with the defaults, one address may open 10 WebSockets a second
([limits.md](limits.md)). DTLS handshakes come on top: see the machine's limits below.`,
  figures: {
    rate: { title: 'joins/s', unit: '', better: 'higher', ratio: true },
    joinP95: { title: 'join p95', unit: 'ms', better: 'lower' },
    serverMemory: { title: 'server', unit: 'kB', better: 'lower' },
    workerMemory: { title: 'worker', unit: 'kB', better: 'lower' },
  },
  scenarios: [
    scenario('rate', 'joins until p95 is 1 s', measureRate),
    scenario('idle-peers', '500 idle peers', measureIdlePeers),
    scenario('room-of-100', '100 peers join one room at once', measureRoomOf100),
  ],
};
