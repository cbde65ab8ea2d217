import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { portMapLimits, portMapRejections, portMapSocketPath } from '@oneport/protocol';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import { IcePeer } from '../../../testkit/clients/ice-peer.ts';
import {
  PortMapViewer,
  type PortMapViewerOptions,
} from '../../../testkit/clients/port-map-viewer.ts';
import { TestPeer } from '../../../testkit/clients/test-peer.ts';
import { portMapToken } from '../../../testkit/servers/server-process.ts';
import { startTestServer, type TestServer } from '../../../testkit/servers/test-server.ts';
import { bindingRequest } from '../stun/stun-message.ts';
import { portMapServerLimits } from './port-map-server.ts';
import { viewerFrameLimits } from './viewer-web-socket.ts';

let server: TestServer;

beforeEach(async () => {
  server = await startTestServer({ ALLOWED_ORIGINS: 'https://call.example' });
});

afterEach(() => server.stop());

const socketUrl = () =>
  `${server.url.replace('http', 'ws')}${portMapSocketPath}?EIO=4&transport=websocket`;

const isClosed = ({ readyState }: WebSocket) => readyState === WebSocket.CLOSED;

async function open(options: Partial<PortMapViewerOptions> = {}): Promise<PortMapViewer> {
  const viewer = await PortMapViewer.open({ url: server.url, ...options });
  onTestFinished(() => viewer.close());
  return viewer;
}

describe('a viewer', () => {
  test.each([
    ['no token', { token: '' }, portMapRejections.token],
    ['another token', { token: 'token-of-the-test-server_' }, portMapRejections.token],
    ['an unknown Host', { headers: { Host: 'evil.example:3000' } }, portMapRejections.host],
    ['the other namespace', { namespace: '/' }, 'no such namespace'],
    ['an unknown namespace', { namespace: '/nothing' }, 'Invalid namespace'],
    ['polling', { transports: ['polling' as const] }, 'xhr poll error'],
    [
      'a page of another origin',
      { headers: { Origin: 'https://evil.example' } },
      'websocket error',
    ],
  ])('is rejected with %s', async (_, options, reason) => {
    await expect(open(options)).rejects.toThrow(reason);
  });

  test.each([
    ['an address', {}],
    ['localhost', { headers: { Host: 'localhost:3000' } }],
    ['a name in ALLOWED_ORIGINS', { headers: { Host: 'call.example' } }],
    ['its own page', { headers: { Host: 'call.example', Origin: 'https://call.example' } }],
  ])('is accepted with the token and %s', async (_, options) => {
    const viewer = await open(options);
    await expect.poll(() => viewer.facts?.mode).toBe('single-port');
  });

  test('that sends no token is disconnected', { timeout: 30_000 }, async () => {
    const socket = new WebSocket(socketUrl());
    await once(socket, 'close');
  });

  test('has one guess for each connection', async () => {
    const socket = new WebSocket(socketUrl());
    const answers: string[] = [];
    socket.on('message', (data) => answers.push(String(data)));
    await once(socket, 'open');
    for (let n = 0; n < 50; n++) {
      socket.send(`40/port-map,{"token":"guess-${n}"}`);
    }
    await once(socket, 'close');
    expect(answers.filter((answer) => answer.startsWith('44')).length).toBeLessThanOrEqual(1);
  });

  test('is not kept out by silent connections, of one address or of many', async () => {
    const { pending } = portMapServerLimits;
    const silent = async (localAddress: string) => {
      const socket = new WebSocket(socketUrl(), { localAddress });
      onTestFinished(() => socket.terminate());
      await once(socket, 'message');
      return socket;
    };
    const ofOne: WebSocket[] = [];
    for (let n = 0; n < pending.perAddress + 2; n++) {
      ofOne.push(await silent('127.0.0.2'));
    }
    await expect.poll(() => ofOne.filter(isClosed)).toEqual(ofOne.slice(0, 2));
    const ofMany: WebSocket[] = [];
    for (let n = 0; n < pending.total; n++) {
      ofMany.push(await silent(`127.0.1.${n + 1}`));
    }
    const viewer = await open();
    await expect.poll(() => viewer.facts?.mode).toBe('single-port');
    await expect.poll(() => isClosed(ofMany[0] as WebSocket)).toBe(true);
    // They are evicted, not rejected: those that came last are still open.
    expect(isClosed(ofMany.at(-1) as WebSocket)).toBe(false);
  });

  test.each([
    ['pings', (socket: WebSocket) => socket.ping()],
    ['pongs', (socket: WebSocket) => socket.pong()],
    ['packets', (socket: WebSocket) => socket.send('3')],
    ['fragments', (socket: WebSocket) => socket.send('', { fin: false })],
  ])('without a token is cut off when it sends %s', async (_, send) => {
    const socket = new WebSocket(socketUrl());
    // `ws` refuses too many fragments with a close frame, and a write may fail.
    socket.on('error', () => {});
    await once(socket, 'message');
    let pongs = 0;
    socket.on('pong', () => pongs++);
    for (let n = 0; n < 100; n++) {
      send(socket);
    }
    const [code] = await once(socket, 'close');
    expect(code, 'not closed for lack of a token').not.toBe(1005);
    expect(pongs).toBeLessThanOrEqual(1);
  });

  test('with a token is cut off when it sends too many frames, but may send what a page sends', async () => {
    const socket = new WebSocket(socketUrl());
    socket.on('error', () => {});
    await once(socket, 'message');
    socket.send(`40/port-map,${JSON.stringify({ token: portMapToken })}`);
    await once(socket, 'message');
    let pongs = 0;
    socket.on('pong', () => pongs++);
    for (let n = 0; n < 100; n++) {
      socket.ping();
    }
    await expect.poll(() => pongs).toBe(100);
    for (let n = 0; n < 2 * viewerFrameLimits.burst; n++) {
      socket.ping();
    }
    const [code] = await once(socket, 'close');
    expect(code, 'no close frame').toBe(1006);
  });

  test('is destroyed when it ignores close frames, and opens no second transport', async () => {
    const { perAddress } = portMapServerLimits.pending;
    const { hostname, port, pathname, search } = new URL(socketUrl());
    const ended: Promise<unknown>[] = [];
    const raw = async (query = '') => {
      const socket = connect({ host: hostname, port: Number(port), localAddress: '127.0.0.2' });
      onTestFinished(() => void socket.destroy());
      const lines = [
        `GET ${pathname}${search}${query} HTTP/1.1`,
        `Host: ${hostname}`,
        'Connection: Upgrade',
        'Upgrade: websocket',
        'Sec-WebSocket-Version: 13',
        `Sec-WebSocket-Key: ${Buffer.alloc(16).toString('base64')}`,
      ];
      socket.write(`${lines.join('\r\n')}\r\n\r\n`);
      socket.on('error', () => {});
      ended.push(new Promise((resolve) => socket.once('close', resolve)));
      let text = '';
      socket.on('data', (data) => {
        text += data.toString('latin1');
      });
      await expect.poll(() => text).toMatch(/"sid":|^HTTP\/1.1 400/);
      return text;
    };
    const texts: string[] = [];
    for (let n = 0; n <= perAddress; n++) {
      texts.push(await raw());
    }
    // The oldest goes at once; the others have time to send a token.
    await ended[0];
    const [, sid] = /"sid":"([^"]+)"/.exec(texts.at(-1) ?? '') ?? [];
    expect(await raw(`&sid=${sid}`)).toMatch(/^HTTP\/1.1 400/);
    await Promise.all(ended);
  }, 30_000);

  test('is rejected when there are too many', async () => {
    const { viewers } = portMapServerLimits;
    for (let n = 0; n < viewers; n++) {
      await open();
    }
    await expect(open()).rejects.toThrow(portMapRejections.full);
  });

  test('that sends invalid data is disconnected', async () => {
    const viewer = await open();
    const ended = once(viewer.socket as never, 'disconnect');
    viewer.socket.emit('look', { search: 7 } as never);
    await ended;
  });
});

describe('shows', () => {
  test('a peer from joining to leaving, and finds it by its address', async () => {
    const viewer = await open();
    const peer = await TestPeer.join({ signalling: server.signalling, roomId: 'blue' });
    await expect.poll(() => viewer.transports.size).toBe(2);
    const { sendTransport } = await peer.welcome();
    const key = sendTransport?.transportId ?? '';
    const row = () => viewer.transports.get(key);
    const port = `udp ${server.mediaPort}`;
    expect(row()).toMatchObject({
      roomId: 'blue',
      peerId: peer.peerId,
      direction: 'send',
      worker: 0,
      ufrag: sendTransport?.iceParameters.usernameFragment,
      ports: [port, `tcp ${server.mediaPort}`],
      phase: 'waiting',
      tuple: null,
    });

    const before = Date.now();
    const ice = await IcePeer.open({ ip: '127.0.0.1', port: server.mediaPort });
    onTestFinished(() => ice.close());
    await ice.check(sendTransport?.iceParameters ?? { usernameFragment: '', password: '' });
    await expect.poll(() => row()?.phase).toBe('stun');
    const { address, port: remotePort } = ice.remote;
    expect(row()?.tuple).toMatchObject({ port, address, remotePort });
    expect(row()?.tuple?.since).toBeGreaterThanOrEqual(before);
    expect(viewer.ports.get(port)).toMatchObject({ transports: 2, connected: 1 });

    viewer.socket.emit('look', { search: `${address}:${remotePort}`, port: null });
    await expect.poll(() => viewer.facts?.matches).toBe(1);
    expect([...viewer.transports.keys()]).toEqual([key]);

    await peer.leave();
    await expect.poll(() => viewer.transports.size).toBe(0);
    await expect.poll(() => viewer.facts).toMatchObject({ rooms: 0, transports: 0, matches: 0 });
  });

  test('both ufrags after an ICE restart', async () => {
    const viewer = await open();
    const peer = await TestPeer.join({ signalling: server.signalling });
    const { sendTransport } = await peer.welcome();
    const { transportId = '', iceParameters } = sendTransport ?? {};
    const { usernameFragment } = (await peer.request('restartIce', { transportId })).iceParameters;
    await expect
      .poll(() => viewer.transports.get(transportId))
      .toMatchObject({
        ufrag: usernameFragment,
        previousUfrag: iceParameters?.usernameFragment,
      });
    await peer.leave();
  });

  test('CPU and memory of the worker', async () => {
    const viewer = await open();
    const row = () => viewer.workers.get('0');
    await expect.poll(() => row()?.cpu ?? null, { timeout: 10_000 }).not.toBeNull();
    expect(row()).toMatchObject({ pid: server.pool.workers[0]?.worker.pid, portCount: 2 });
    expect(row()?.memory).toBeGreaterThan(1_000_000);
  });

  test('the drops of a port by reason', async () => {
    const viewer = await open();
    const peer = await IcePeer.open({ ip: '127.0.0.1', port: server.mediaPort });
    onTestFinished(() => peer.close());
    peer.send(Buffer.alloc(100, 0xff));
    peer.send(bindingRequest({ usernameFragment: 'nobody', password: 'x'.repeat(32) }));
    const dropped = () => viewer.ports.get(`udp ${server.mediaPort}`)?.counts[0]?.dropped;
    await expect.poll(dropped, { timeout: 10_000 }).toMatchObject({
      droppedDataFromUnknownTuple: 1,
      droppedStunWithUnknownUsername: 1,
    });
  });

  test('no more rows than the limits allow', async () => {
    const peers = await Promise.all(
      Array.from({ length: 60 }, (_, n) =>
        TestPeer.join({ signalling: server.signalling, roomId: `room-${n % 7}` }),
      ),
    );
    const viewer = await open();
    await expect.poll(() => viewer.facts?.transports).toBe(120);
    expect(viewer.facts?.matches).toBe(120);
    expect(viewer.transports.size).toBe(portMapLimits.transports);
    await Promise.all(peers.map((peer) => peer.leave()));
  });
});

test('sends only what has changed, and nothing otherwise', async () => {
  const viewer = await open();
  await expect.poll(() => viewer.facts?.counted).toBe('counted');
  const peer = await TestPeer.join({ signalling: server.signalling });
  await expect.poll(() => viewer.transports.size).toBe(2);
  const later = viewer.updates.length;
  await expect.poll(() => viewer.updates.length, { timeout: 15_000 }).toBeGreaterThan(later + 2);
  for (const { facts, ports, transports } of viewer.updates.slice(later + 1)) {
    // CPU and memory change all the time; rooms, ports and transports don't, after their first rates.
    expect({ facts, ports }).toEqual({ facts: undefined, ports: undefined });
    for (const row of transports?.set ?? []) {
      expect(row.rates).not.toBeNull();
    }
  }
  await peer.leave();
});

test('sends at most two updates per second, however often viewers connect and search', async () => {
  const viewer = await open();
  await expect.poll(() => viewer.facts).toBeDefined();
  for (let n = 0; viewer.updates.length < 6; n++) {
    viewer.socket.emit('look', { search: `search ${n}`, port: null });
    if (n % 10 === 0) {
      await open();
    }
    await sleep(20);
  }
  const at = viewer.updates.map((update) => update.at);
  // The server's clock has whole milliseconds.
  for (const [i, one] of at.slice(1).entries()) {
    expect(one - (at[i] ?? 0)).toBeGreaterThan(498);
  }
});

test('a viewer that stops acknowledging is skipped, and catches up in one update', async () => {
  const [slow, other] = [await open(), await open()];
  await expect.poll(() => slow.facts).toBeDefined();
  let acknowledge = () => {};
  slow.answers = false;
  slow.socket.on('update', (_update, answer) => {
    acknowledge = answer;
  });
  await slow.nextUpdate();
  const seen = slow.updates.length;

  const peers: TestPeer[] = [];
  for (let n = 1; n <= 3; n++) {
    peers.push(await TestPeer.join({ signalling: server.signalling }));
    await expect.poll(() => other.transports.size).toBe(2 * n);
  }
  await peers[0]?.leave();
  await expect.poll(() => other.transports.size).toBe(4);
  expect(slow.updates.length).toBe(seen);

  slow.answers = true;
  acknowledge();
  await expect.poll(() => slow.transports.size).toBe(4);
  expect([...slow.transports.keys()].sort()).toEqual([...other.transports.keys()].sort());
  // Rows that were added and removed meanwhile are never sent.
  expect(slow.updates.slice(seen).flatMap(({ transports }) => transports?.gone ?? [])).toEqual([]);
  for (const peer of peers.slice(1)) {
    await peer.leave();
  }
});
