/** Peers of one room on three workers, in random order: docs/large-rooms.md. */
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ConsumerOffer, RequestMethod, Source } from '@oneport/protocol';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import { TestPeer } from '../../testkit/clients/test-peer.ts';
import { startTestServer, type TestServer } from '../../testkit/servers/test-server.ts';
import { nothingOpen, workerState } from '../../testkit/servers/worker-state.ts';

const steps = Number(process.env.ROOM_STEPS ?? 60);
const seed = Number(process.env.ROOM_SEED ?? randomInt(2 ** 31));
const maxPeers = 8;
/** A room that loses workers faster may be given up (rooms/worker-losses.ts). */
const betweenKillsMs = 6_000;
const sources = ['microphone', 'camera'] as const;
type Published = Partial<Record<Source, { paused: boolean }>>;

/** A client that, like the app, answers each `welcome`, and then publishes what it did before. */
class Client {
  readonly published: Published = {};
  peer: TestPeer;
  /** Counts the `welcome` messages of this socket that were handled. */
  #handled = 0;
  #handling: Promise<void> | undefined;

  constructor(signalling: string) {
    this.peer = new TestPeer({ signalling });
    this.#listen();
  }

  /** Opens another socket for the peer, which drops the last one. */
  async resume(): Promise<void> {
    await this.settled();
    const before = this.peer;
    this.peer = before.resume({ keep: '0' });
    this.#handled = 0;
    this.#listen();
    await before.closed;
  }

  async leave(): Promise<void> {
    const { socket } = this.peer;
    if (socket.readyState === WebSocket.CONNECTING) {
      await once(socket, 'open');
    }
    await this.peer.leave();
  }

  async toggle(source: Source): Promise<void> {
    await this.settled();
    const producerId = this.#producerOf(source);
    const before = this.published[source];
    const method = before?.paused ? 'resumeProducer' : 'pauseProducer';
    if (before && producerId) {
      before.paused = !before.paused;
      await this.#try(method, { producerId });
    } else {
      this.published[source] = { paused: false };
      await this.peer.produce(source).catch(() => {});
    }
  }

  async stop(source: Source): Promise<void> {
    await this.settled();
    const producerId = this.#producerOf(source);
    delete this.published[source];
    if (producerId) {
      await this.#try('closeProducer', { producerId });
    }
  }

  /** Resolves when all `welcome` messages are handled. */
  async settled(): Promise<void> {
    await this.peer.welcome();
    while (this.#handled < this.peer.welcomes.length) {
      this.#handling ??= this.#handle().finally(() => {
        this.#handling = undefined;
      });
      await this.#handling;
    }
  }

  /** A line for each consumer of the peer, by the messages since the last `welcome`. */
  get received(): string[] {
    const consumers = new Map<string, { from: string; paused: boolean }>();
    for (const { direction, message } of this.peer.frames) {
      const data = message.data as { consumerId?: string; consumers?: ConsumerOffer[] } | undefined;
      const known = consumers.get(data?.consumerId ?? '');
      if (direction === 'out') {
        continue;
      }
      switch (message.method) {
        case 'welcome':
          consumers.clear();
          break;
        case 'newConsumers':
          for (const { consumerId, peerId, source, producerPaused } of data?.consumers ?? []) {
            consumers.set(consumerId, { from: `${peerId} ${source}`, paused: producerPaused });
          }
          break;
        case 'consumerClosed':
          consumers.delete(data?.consumerId ?? '');
          break;
        case 'consumerPaused':
        case 'consumerResumed':
          if (known) {
            known.paused = message.method === 'consumerPaused';
          }
      }
    }
    return lines([...consumers.values()]);
  }

  #listen(): void {
    this.peer.socket.on('message', () => void this.settled().catch(() => {}));
  }

  async #handle(): Promise<void> {
    const { peer } = this;
    const handled = peer.welcomes.length;
    // Fails when another `welcome` follows.
    await peer.join(peer.welcomes.at(-1)?.generation ?? 0).catch(() => {});
    for (const [source, { paused }] of Object.entries(this.published)) {
      await peer.produce(source as Source, { paused }).catch(() => {});
    }
    this.#handled = handled;
  }

  async #try(method: RequestMethod, data: { producerId: string }): Promise<void> {
    await this.peer.rawRequest(method, data).catch(() => {});
  }

  #producerOf(source: Source): string | undefined {
    const produced = this.peer.frames.findLast(
      ({ direction, message }) =>
        direction === 'out' &&
        message.method === 'produce' &&
        (message.data as { source: Source }).source === source,
    );
    return (produced?.message.data as { producerId: string } | undefined)?.producerId;
  }
}

const lines = (streams: { from: string; paused: boolean }[]) =>
  streams.map(({ from, paused }) => `${from}${paused ? ' paused' : ''}`).toSorted();

/** The lines that a client should receive. */
const sentByOthers = (client: Client, clients: Client[]) =>
  lines(
    clients
      .filter((other) => other !== client)
      .flatMap(({ peer, published }) =>
        Object.entries(published).map(([source, { paused }]) => ({
          from: `${peer.peerId} ${source}`,
          paused,
        })),
      ),
  );

/** Mulberry32: the same numbers for the same seed. */
function randomFrom(start: number): (below: number) => number {
  let state = start;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

async function killWorker({ pool }: TestServer, random: (below: number) => number) {
  await expect.poll(() => pool.workers.length).toBe(3);
  process.kill(pool.workers[random(3)]?.worker.pid ?? 0, 'SIGKILL');
}

test(`joins, leaves, pauses and kills in random order leave everyone with the right consumers, and nothing behind (ROOM_SEED=${seed})`, {
  timeout: 60_000 + steps * 2_000,
}, async () => {
  const server = await startTestServer({ MEDIASOUP_NUM_WORKERS: '3', ROOM_GROW_AT: '0' });
  onTestFinished(() => server.stop());
  const random = randomFrom(seed);
  const clients: Client[] = [];
  const any = () => clients[random(clients.length)] as Client;
  const source = () => sources[random(sources.length)] as Source;
  let kills = 0;
  let killedAt = performance.now() - betweenKillsMs;

  const agree = async () => {
    await Promise.all(clients.map((client) => client.settled()));
    await expect
      .poll(() => clients.map((client) => client.received), { timeout: 30_000 })
      .toEqual(clients.map((client) => sentByOthers(client, clients)));
  };

  for (let step = 0; step < steps; step++) {
    const action = random(100);
    if (clients.length < 3 || (action < 15 && clients.length < maxPeers)) {
      const client = new Client(server.signalling);
      clients.push(client);
      // Half of them join while other things happen.
      await (random(2) === 0 ? client.settled() : sleep(random(20)));
    } else if (action < 25) {
      const [client] = clients.splice(random(clients.length), 1);
      await client?.leave();
    } else if (action < 33) {
      await any().resume();
    } else if (action < 45) {
      await any().stop(source());
    } else if (action < 80 || performance.now() - killedAt < betweenKillsMs) {
      await any().toggle(source());
    } else {
      kills += 1;
      killedAt = performance.now();
      await killWorker(server, random);
    }
    if (step % 20 === 19) {
      await agree();
    }
  }
  await agree();
  const { segments } = server.rooms.open.get('room') ?? {};
  console.log(JSON.stringify({ steps, kills, segments: segments?.open.length }));
  await Promise.all(clients.map((client) => client.leave()));
  await expect.poll(() => server.pool.workers.length).toBe(3);
  await expect.poll(() => workerState(server.pool)).toEqual(nothingOpen);
});
