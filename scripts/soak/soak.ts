import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { Transport } from '@oneport/protocol';
import { checkIce } from '../../testkit/clients/ice-peer.ts';
import { TestPeer } from '../../testkit/clients/test-peer.ts';
import type { Measurement } from './measure.ts';
import { SoakServer } from './soak-server.ts';

export const soakModes = ['multi-port', 'single-port', 'shared-port'] as const;
type SoakMode = (typeof soakModes)[number];

const settings: Record<SoakMode, string> = {
  'multi-port': 'false',
  'single-port': 'true',
  'shared-port': 'shared',
};

export interface SoakOptions {
  mode: SoakMode;
  /** At least 1; rounded up to a multiple of 8. */
  joins: number;
  /** The number of them that restart ICE once. */
  restarts: number;
  /** A leak that must be found. */
  plant?: 'transports';
  onProgress?(joins: number): void;
}

export interface SoakReport {
  joins: number;
  restarts: number;
  seconds: number;
  before: Measurement;
  after: Measurement;
  /** Bytes of the server's heap for each join, and of all workers' memory. */
  growth: { heap: number; workers: number };
}

/**
 * The growth that counts as a leak, in bytes for each join. Without a leak, heap and arenas differ by a few MB from
 * before, whatever the number of joins.
 */
export function margin(joins: number): number {
  return 400 + 4_000_000 / joins;
}

/** Peers in a room at a time. */
const inRoom = 4;
/** Rooms at a time. */
const rooms = 2;
const inRound = inRoom * rooms;
/** Joins until caches, pools and the allocator's arenas have reached their size. */
const mostWarmUpJoins = 20 * inRound;
/** The longest time until sessions have expired and sockets are closed. */
const settleWithinMs = 60_000;
/** Counts that are equal so often, with a pause in between, have settled. */
const looks = 4;
const pauseMs = 250;

/** @returns a line for each count that changed and each leak of memory */
export function leftBehind({ joins, before, after, growth }: SoakReport): string[] {
  const flat = ({ counts, objects }: Measurement): Record<string, unknown> => ({
    ...counts,
    objects,
  });
  const formerly = flat(before);
  const counts = Object.entries(flat(after)).flatMap(([name, count]) =>
    isDeepStrictEqual(count, formerly[name])
      ? []
      : [`${name}: ${JSON.stringify(count)}, and ${JSON.stringify(formerly[name])} before`],
  );
  const memory = Object.entries(growth).flatMap(([name, bytes]) =>
    bytes > margin(joins) ? [`${name}: ${bytes.toFixed(0)} bytes for each join`] : [],
  );
  return [...counts, ...memory];
}

/** Lets peers join and leave, half of them cut off, and measures the server and its workers before and after. */
export async function soak({
  mode,
  joins,
  restarts,
  plant,
  onProgress,
}: SoakOptions): Promise<SoakReport> {
  const env = {
    MEDIASOUP_USE_WEBRTC_SERVER: settings[mode],
    MEDIASOUP_NUM_WORKERS: '2',
    RECONNECT_GRACE_SECONDS: '1',
    // Peers join as fast as the machine allows.
    MAX_PEER_CPU: '100',
    MAX_WORKER_CPU: '100',
  };
  const server = await SoakServer.start({ env, plant });
  try {
    const { signalling } = server;
    const { objects } = await server.measure();
    const warmUp = Math.min(joins, mostWarmUpJoins);
    await joinAndLeave({ signalling, joins: warmUp, restarts: warmUp / 8 });
    const before = await whenEmpty(server, objects);
    const start = performance.now();
    const done = await joinAndLeave({ signalling, joins, restarts, onProgress });
    const seconds = (performance.now() - start) / 1000;
    const after = await whenEmpty(server, objects);
    const bytes = (measured: number[]) => measured.reduce((total, one) => total + one, 0);
    const growth = {
      heap: (after.memory.heap - before.memory.heap) / done.joins,
      workers: (bytes(after.memory.workers) - bytes(before.memory.workers)) / done.joins,
    };
    return { ...done, seconds, before, after, growth };
  } finally {
    await server.stop();
  }
}

async function joinAndLeave({
  signalling,
  joins,
  restarts,
  onProgress,
}: {
  signalling: string;
  joins: number;
  restarts: number;
  onProgress?: SoakOptions['onProgress'];
}): Promise<{ joins: number; restarts: number }> {
  const done = { joins: 0, restarts: 0 };
  for (let round = 0; done.joins < joins; round++) {
    const visits = Array.from({ length: rooms }, (_, room) => ({
      signalling,
      roomId: `room-${round % 50}-${room}`,
      peers: Array.from({ length: inRoom }, (_, i) => {
        const restartsIce = done.restarts < (restarts * ++done.joins) / joins;
        if (restartsIce) {
          done.restarts += 1;
        }
        return {
          leaves: (i + round) % 2 === 1,
          overTcp: (i + round) % 5 === 0,
          restartsIce,
        };
      }),
    }));
    await Promise.all(visits.map(visit));
    onProgress?.(done.joins);
  }
  return done;
}

/** Waits until rooms and transports are closed and counts have settled, at the longest a minute. */
async function whenEmpty(server: SoakServer, objects: number): Promise<Measurement> {
  const giveUp = Date.now() + settleWithinMs;
  let counts = await server.count();
  for (let same = 0; same < looks && Date.now() < giveUp; ) {
    await sleep(pauseMs);
    const formerly = counts;
    counts = await server.count();
    const isEmpty = counts.rooms === 0 && counts.transportsProducersAndConsumers === 0;
    same = isEmpty && isDeepStrictEqual(counts, formerly) ? same + 1 : 0;
  }
  let measured = await server.measure();
  // Timers hold objects until they are due, ten seconds at the longest, and a file may be open just then.
  const settled = () => measured.objects <= objects && isDeepStrictEqual(measured.counts, counts);
  for (let i = 0; i < looks && !settled(); i++) {
    await sleep(3_000);
    measured = await server.measure();
  }
  return measured;
}

interface Visit {
  signalling: string;
  roomId: string;
  /** `leaves: false` cuts the peer off. */
  peers: { leaves: boolean; overTcp: boolean; restartsIce: boolean }[];
}

/** Peers join a room, produce and consume, check ICE, some restart it, and leave. */
async function visit({ signalling, roomId, peers }: Visit): Promise<void> {
  await Promise.all(
    peers.map(async ({ leaves, overTcp, restartsIce }, i) => {
      const query: Record<string, string> = overTcp ? { forceTcp: '1' } : {};
      const peer = await TestPeer.join({ signalling, roomId, peerId: `peer-${i}`, query });
      const { sendTransport, recvTransport } = await peer.welcome();
      await Promise.all([peer.produce('microphone'), peer.produce('camera')]);
      for (const transport of [sendTransport, recvTransport]) {
        assert(transport);
        await check(transport, transport.iceParameters);
        if (!restartsIce || transport !== sendTransport) {
          continue;
        }
        const { transportId } = transport;
        await check(transport, (await peer.request('restartIce', { transportId })).iceParameters);
      }
      await peer.request('sendChatMessage', { text: 'hello' });
      if (leaves) {
        await peer.leave();
      } else {
        peer.socket.terminate();
      }
      await peer.closed;
    }),
  );
}

async function check(transport: Transport, ice: Transport['iceParameters']): Promise<void> {
  const [candidate] = transport.iceCandidates;
  assert(candidate);
  await using checked = await checkIce(candidate, ice);
  assert.equal(checked.result, 'success');
}
