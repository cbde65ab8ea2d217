/**
 * Measures what hostile input costs: the CPU time of the server and its workers for each unit (a request, a
 * message, a packet, a connection), as a ratio to a harmless unit through the same entry point within the same run.
 *
 * The limits are an order of magnitude wide, so that only a new expensive path exceeds them. docs/threat-model.md
 * lists what each entry point costs.
 */
import { randomBytes } from 'node:crypto';
import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { IcePeer, unknownData } from '../../testkit/clients/ice-peer.ts';
import { bindingRequestWith } from '../../testkit/clients/stun.ts';
import { TestPeer } from '../../testkit/clients/test-peer.ts';
import { type ServerProcess, startServerProcess } from '../../testkit/servers/server-process.ts';
import { obstacleToSteering } from '../../testkit/servers/shared-port.ts';
import { cpuMicroseconds } from '../../testkit/system/cpu-time.ts';
import { isAsleep, workerPids } from '../../testkit/system/processes.ts';

/** Runs `count` units and resolves when the server has processed them. */
type Units = (count: number) => Promise<unknown>;

interface EntryPoint {
  harmless: Units;
  /** By name: the units, and the highest ratio of their cost to that of a harmless unit. */
  hostile: Record<string, [units: Units, limit: number]>;
  /** How many units make a round. */
  count: number;
}

const rounds = 3;

let server: ServerProcess;
/** A server in shared-port, whose process accepts TCP for the workers; undefined where that mode is not possible. */
let sharedPort: ServerProcess | undefined;
let pids: number[];

beforeAll(async () => {
  const env = { LOG_LEVEL: 'info', MAX_REQUESTS_PER_SECOND: '100000' };
  server = await startServerProcess(env);
  if (!obstacleToSteering()) {
    sharedPort = await startServerProcess({ ...env, MEDIASOUP_USE_WEBRTC_SERVER: 'shared' });
  }
  const servers = [server, sharedPort].flatMap((one) => one?.process.pid ?? []);
  pids = servers.flatMap((pid) => [pid, ...workerPids(pid)]);
});
afterAll(() => Promise.all([server?.stop(), sharedPort?.stop()]));

/** Microseconds of CPU time for one unit. */
async function costOf(units: Units, count: number): Promise<number> {
  const before = cpuMicroseconds(pids);
  await units(count);
  await expect.poll(() => pids.every(isAsleep)).toBe(true);
  return (cpuMicroseconds(pids) - before) / count;
}

const median = (values: number[]) => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;

/** @param name - for `npm test -- server/test/hostile-input-cost.test.ts --silent=false`, which prints the costs */
async function ratioOf(
  name: string,
  harmless: Units,
  hostile: Units,
  count: number,
): Promise<number> {
  const costs: Record<'harmless' | 'hostile', number[]> = { harmless: [], hostile: [] };
  // Compiles what is called for the first time.
  await costOf(harmless, count);
  await costOf(hostile, count);
  for (let round = 0; round < rounds; round++) {
    costs.harmless.push(await costOf(harmless, count));
    costs.hostile.push(await costOf(hostile, count));
  }
  const [each, base] = [median(costs.hostile), median(costs.harmless)];
  console.log(
    `${name}: ${base.toFixed(1)} us, ${each.toFixed(1)} us, ratio ${(each / base).toFixed(1)}`,
  );
  return each / base;
}

/** One after the other, for what the server answers. */
const inTurn =
  (unit: (n: number) => Promise<unknown>): Units =>
  async (count) => {
    for (let n = 0; n < count; n++) {
      await unit(n);
    }
  };

const agent = new Agent({ keepAlive: true, maxSockets: 1 });
afterAll(() => agent.destroy());

function http(path: string, { method = 'GET', headers = {}, body = '' } = {}): Promise<void> {
  return new Promise((resolve) => {
    const outgoing = request(`${server.url}${path}`, { method, headers, agent }, (response) => {
      response.resume().once('end', resolve);
    });
    // A refused request may end its connection.
    outgoing.once('error', () => resolve());
    outgoing.end(body);
  });
}

/** Opens a signalling socket, sends a text, and resolves when the server has closed it. */
async function socketThatSends(text: string | undefined, query = {}): Promise<void> {
  const peer = new TestPeer({ signalling: signalling(), query, roomId: 'sockets' });
  // A rejected upgrade is an error event.
  peer.socket.on('error', () => {});
  if (text === undefined) {
    await Promise.race([peer.welcome(), peer.closed]);
    await peer.leave();
    return;
  }
  peer.socket.once('open', () => peer.socket.send(text));
  await peer.closed;
}

const signalling = () => `${server.url.replace('http', 'ws')}/signalling`;

/** Messages of one peer that has joined, each followed by its answer. */
function messages(data: unknown, method = 'ping'): Units {
  let joined: Promise<TestPeer> | undefined;
  return async (count) => {
    joined ??= TestPeer.join({ signalling: signalling(), roomId: 'messages' });
    const peer = await joined;
    for (let n = 0; n < count; n++) {
      // Rejected, which doesn't close the socket.
      await Promise.race([
        peer.rawRequest(method, data).catch(() => {}),
        peer.closed.then(({ code, reason }) => Promise.reject(new Error(`${code} ${reason}`))),
      ]);
    }
  };
}

/** WebSocket pings of one peer that has joined, followed by a request, which is answered after them. */
function pings(): Units {
  let joined: Promise<TestPeer> | undefined;
  return async (count) => {
    joined ??= TestPeer.join({ signalling: signalling(), roomId: 'messages' });
    const peer = await joined;
    for (let n = 0; n < count; n++) {
      peer.socket.ping(Buffer.alloc(125));
    }
    await peer.request('ping', {});
  };
}

/** Datagrams from one port that has no transport. */
function datagrams(make: () => Buffer): Units {
  return async (count) => {
    const peer = await IcePeer.open({ ip: '127.0.0.1', port: server.mediaPort });
    for (let n = 0; n < count; n++) {
      peer.send(make());
      // Leaves the receive buffer room, so that nothing is dropped unseen.
      if (n % 50 === 49) {
        await new Promise(setImmediate);
      }
    }
    await peer.close();
  };
}

/** A TCP connection to the media port that sends bytes and goes. */
function connections(bytes: Buffer): Units {
  return inTurn(async () => {
    const socket = connect((sharedPort ?? server).mediaPort, '127.0.0.1');
    // The server may reset it.
    socket.on('error', () => {});
    socket.resume().end(bytes);
    await new Promise((resolve) => socket.once('close', resolve));
  });
}

const unknownUfrag = () =>
  bindingRequestWith({ usernameFragment: 'nosuchufrag', password: 'nosuchpassword' });
const clientHello = Buffer.concat([
  Buffer.from('16fefd000000000000000000c8', 'hex'),
  randomBytes(200),
]);
const rtp = Buffer.concat([Buffer.from('806f0001000000000000abcd', 'hex'), randomBytes(1100)]);
const unknownKeys = Object.fromEntries(Array.from({ length: 8000 }, (_, n) => [`key${n}`, n]));
const emptyObjects = Array.from({ length: 40_000 }, () => ({}));

const entryPoints: Record<string, EntryPoint> = {
  'HTTP requests': {
    count: 20,
    harmless: inTurn(() => http('/health')),
    hostile: {
      '/api/ports': [inTurn(() => http('/api/ports')), 10],
      '/ready': [inTurn(() => http('/ready')), 10],
      'a path that does not exist': [inTurn((n) => http(`/nosuch/${n}`)), 10],
      'a page': [inTurn(() => http('/')), 20],
      'a path that is no valid encoding': [inTurn(() => http('/%ff%')), 10],
      '15 KB of headers': [
        inTurn(() => http('/health', { headers: { 'x-junk': 'x'.repeat(15_000) } })),
        20,
      ],
      'a body of 100 kB': [
        inTurn(() => http('/api/ports', { method: 'POST', body: 'x'.repeat(100_000) })),
        30,
      ],
      'many ranges': [
        inTurn(() => http('/', { headers: { range: `bytes=${'0-0,'.repeat(1000)}0-0` } })),
        20,
      ],
    },
  },
  'signalling sockets': {
    count: 5,
    harmless: inTurn(() => socketThatSends(undefined)),
    hostile: {
      'no JSON': [inTurn(() => socketThatSends('{'.repeat(100_000))), 10],
      'deeply nested': [
        inTurn(() => socketThatSends(`${'['.repeat(60_000)}${']'.repeat(60_000)}`)),
        50,
      ],
      'a long query': [inTurn(() => socketThatSends('', { token: 'x'.repeat(8000) })), 10],
    },
  },
  'signalling messages': {
    count: 15,
    harmless: messages({}),
    hostile: {
      'unknown method': [messages({}, 'nosuch'), 10],
      '8,000 unknown keys': [messages(unknownKeys), 200],
      '40,000 empty objects': [messages({ emptyObjects }), 200],
      'invalid RTP parameters': [
        messages({ kind: 'video', rtpParameters: { codecs: emptyObjects } }, 'produce'),
        200,
      ],
      'WebSocket pings': [pings(), 10],
    },
  },
  datagrams: {
    count: 1000,
    harmless: datagrams(() => unknownData),
    hostile: {
      'STUN for an unknown ufrag': [datagrams(unknownUfrag), 30],
      'DTLS without a transport': [datagrams(() => clientHello), 10],
      'RTP without a transport': [datagrams(() => rtp), 10],
    },
  },
  'TCP connections': {
    count: 40,
    harmless: connections(unknownData),
    hostile: {
      'STUN for an unknown ufrag': [
        connections(Buffer.concat([Buffer.from([0, 100]), unknownUfrag()])),
        10,
      ],
      'a first byte of TLS': [connections(Buffer.from([0x16])), 10],
    },
  },
};

describe.each(Object.entries(entryPoints))('%s', (_name, { harmless, hostile, count }) => {
  test.each(Object.entries(hostile))('%s', async (name, [units, limit]) => {
    // Another process may have taken the caches or the core: what is really expensive is so twice.
    let ratio = await ratioOf(name, harmless, units, count);
    if (ratio > limit) {
      ratio = await ratioOf(name, harmless, units, count);
    }
    expect(ratio).toBeLessThanOrEqual(limit);
  });
});
