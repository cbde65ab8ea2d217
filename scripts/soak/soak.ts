import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { Measurement } from './measure.ts';
import { SoakServer } from './server-channel.ts';
import { visit } from './visit.ts';

export const soakModes = ['multi-port', 'single-port', 'shared-port'] as const;
export type SoakMode = (typeof soakModes)[number];

const settings: Record<SoakMode, string> = {
  'multi-port': 'false',
  'single-port': 'true',
  'shared-port': 'shared',
};

export interface SoakOptions {
  mode: SoakMode;
  /** At least; a multiple of 8 is made of it. */
  joins: number;
  /** Of them, those that restart ICE once. */
  restarts: number;
  /** A leak that shall be found. */
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
 * What counts as a leak, in bytes for each join. Without one, heap and arenas end a few MB off where they began,
 * however many have come.
 *
 * @param joins - how many there were
 */
export function margin(joins: number): number {
  return 400 + 4_000_000 / joins;
}

/** Peers in a room at a time. */
const inRoom = 4;
/** Rooms at a time. */
const rooms = 2;
const inRound = inRoom * rooms;
/** Until caches, pools and the allocator's arenas have the size that they need. */
const mostWarmUpJoins = 20 * inRound;
/** How long a place may be kept, in all, and sockets take to close. */
const patienceMs = 60_000;
/** What is the same so often, each time after a pause, has come to rest. */
const looks = 4;
const pauseMs = 250;

/** What a report says that is more than before. @returns nothing when all is as it was */
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

/** Peers come and go, half of them cut off; what the server and its workers have is measured before and after. */
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
    // All come from one address, and as fast as the machine lets them.
    MAX_HANDSHAKES_PER_SECOND: '100000',
    MAX_WORKER_CPU: '100',
  };
  const server = await SoakServer.start({ env, plant });
  try {
    const { signalling } = server;
    const { objects } = await server.measure();
    const warmUp = Math.min(joins, mostWarmUpJoins);
    await comeAndGo({ signalling, joins: warmUp, restarts: warmUp / 8 });
    const before = await whenEmpty(server, objects);
    const start = performance.now();
    const done = await comeAndGo({ signalling, joins, restarts, onProgress });
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

async function comeAndGo({
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
          leaves: (i + round) % 2 ? ('politely' as const) : ('abruptly' as const),
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

/** Waits for what is still being closed, and for no more objects than at first. @returns what there is then, the same or not */
async function whenEmpty(server: SoakServer, objects: number): Promise<Measurement> {
  const giveUp = Date.now() + patienceMs;
  let counts = await server.count();
  for (let same = 0; same < looks && Date.now() < giveUp; ) {
    await sleep(pauseMs);
    const formerly = counts;
    counts = await server.count();
    const isEmpty = counts.rooms === 0 && counts.transportsProducersAndConsumers === 0;
    same = isEmpty && isDeepStrictEqual(counts, formerly) ? same + 1 : 0;
  }
  let measured = await server.measure();
  // Timers have what they are for until they are due, ten seconds at the longest; and a file may be open just then.
  const settled = () => measured.objects <= objects && isDeepStrictEqual(measured.counts, counts);
  for (let i = 0; i < looks && !settled(); i++) {
    await sleep(3_000);
    measured = await server.measure();
  }
  return measured;
}
