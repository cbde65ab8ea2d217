/**
 * Compares a worker's CPU time for each datagram with and without patches/webrtc-server-dump.patch, side by side. The
 * command and the result are in docs/webrtc-server-dump.md.
 */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs, promisify } from 'node:util';
import { createWorker, type types } from 'mediasoup';
import { bindingRequest } from '../server/src/stun/stun-message.ts';
import { udpQueue } from '../testkit/system/kernel-sockets.ts';
import { burstTo, ratioText } from './measuring.ts';
import { median } from './statistics.ts';

const ip = '127.0.0.1';
/** Datagrams that fit into a socket's default buffer. */
const burst = 200;
const bytesOfData = 100;

interface Run {
  /** User and system time together: the kernel measures only their sum exactly. */
  ns: number;
  lost: number;
}

type Kind = 'dataFromUnknownTuple' | 'stunWithUnknownUfrag' | 'dataFromKnownTuple';

/** A worker with a WebRtcServer, one transport, and a socket that has a tuple and one that has none. */
class Subject {
  readonly worker: types.Worker;
  readonly sockets: { known: Socket; unknown: Socket };
  readonly #port: number;

  private constructor(worker: types.Worker, port: number, known: Socket, unknown: Socket) {
    this.worker = worker;
    this.#port = port;
    this.sockets = { known, unknown };
  }

  static async start(workerBin: string): Promise<Subject> {
    const worker = await createWorker({ workerBin, logLevel: 'error' });
    const webRtcServer = await worker.createWebRtcServer({
      listenInfos: [{ protocol: 'udp', ip }],
    });
    const router = await worker.createRouter({ mediaCodecs: [] });
    // Without consent timeout, because the client sends no checks while others are measured.
    const transport = await router.createWebRtcTransport({ webRtcServer, iceConsentTimeout: 0 });
    const [candidate] = transport.iceCandidates;
    const port = candidate?.port ?? 0;
    const [known, unknown] = [await connected(port), await connected(port)];
    const answer = once(known, 'message');
    known.send(bindingRequest(transport.iceParameters));
    await answer;
    return new Subject(worker, port, known, unknown);
  }

  async flood(kind: Kind): Promise<Run> {
    const socket = this.sockets[kind === 'dataFromKnownTuple' ? 'known' : 'unknown'];
    const bytes =
      kind === 'stunWithUnknownUfrag'
        ? bindingRequest({ usernameFragment: 'x'.repeat(32), password: 'x' })
        : Buffer.alloc(bytesOfData, 0x80);
    const send = promisify<Buffer, void>((data, done) => socket.send(data, (error) => done(error)));
    const before = { ...(await this.worker.getResourceUsage()), ...(await udpQueue(this.#port)) };
    for (let sent = 0; sent < packets; sent += burst) {
      const length = Math.min(burst, packets - sent);
      await burstTo([this.worker.pid], () =>
        Promise.all(Array.from({ length }, () => send(bytes))),
      );
      while ((await udpQueue(this.#port)).bytes > 0) {
        await sleep(1);
      }
    }
    const after = { ...(await this.worker.getResourceUsage()), ...(await udpQueue(this.#port)) };
    const lost = after.drops - before.drops;
    const ms = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime;
    return { ns: (ms * 1e6) / (packets - lost), lost };
  }
}

async function connected(port: number): Promise<Socket> {
  const socket = createSocket('udp4');
  socket.connect(port, ip);
  await once(socket, 'connect');
  return socket;
}

const { values } = parseArgs({
  options: {
    without: { type: 'string' },
    with: { type: 'string' },
    rounds: { type: 'string', default: '15' },
    packets: { type: 'string', default: '200000' },
  },
});
const rounds = Number(values.rounds);
const packets = Number(values.packets);

if (!values.without || !values.with) {
  throw new Error('--without and --with are required: the paths of the two workers');
}

// The control is the same worker again: its ratio differs from 1 only by noise.
const [without, control, withIt] = [
  await Subject.start(values.without),
  await Subject.start(values.without),
  await Subject.start(values.with),
];
const subjects = [without, control, withIt];

console.log(
  `${rounds} rounds of ${packets} datagrams for each worker, in turns; ns of CPU for each`,
);
for (const kind of [
  'dataFromUnknownTuple',
  'stunWithUnknownUfrag',
  'dataFromKnownTuple',
] as const) {
  const runs = new Map<Subject, Run[]>(subjects.map((subject) => [subject, []]));
  for (let round = -1; round < rounds; round++) {
    const order = round % 2 === 0 ? subjects : subjects.toReversed();
    for (const subject of order) {
      const run = await subject.flood(kind);
      // The first round warms up.
      if (round >= 0) {
        runs.get(subject)?.push(run);
      }
    }
  }
  const lost = [...runs.values()].flat().reduce((sum, run) => sum + run.lost, 0);
  console.log(
    `${kind}: ${subjects.map((one) => median(nsOf(one)).toFixed(0)).join(', ')}; ` +
      `with ${ratioText(nsOf(withIt), nsOf(without))}, control ${ratioText(nsOf(control), nsOf(without))}; ${lost} lost`,
  );
  function nsOf(subject: Subject): number[] {
    return (runs.get(subject) ?? []).map(({ ns }) => ns);
  }
}
for (const { worker, sockets } of subjects) {
  worker.close();
  for (const socket of Object.values(sockets)) {
    socket.close();
  }
}
