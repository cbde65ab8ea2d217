import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import {
  closed,
  firstFrame,
  ignore,
  open,
  read,
  startEnd,
  startTcpDemultiplexer,
} from '../../../../../testkit/clients/tcp-demultiplexer.ts';
import { freePorts } from '../../../../../testkit/servers/free-ports.ts';
import { PortInUseError, tryBind } from '../../bind-check.ts';
import { TcpDemultiplexer } from './tcp-demultiplexer.ts';

const ufrag = 'abcdefghijklmnopqrstuvwxyz012345';
const frame = firstFrame({ usernameFragment: ufrag, password: 'secret' });

const hasIPv6 = (await tryBind('tcp', '::1', 0)) === undefined;

test('SP-9.1: passes the first frame unchanged to the worker, however it was segmented, with the bytes after it', async () => {
  const { target } = await startEnd((socket) => socket.pipe(socket));
  const { demultiplexer, port } = await startTcpDemultiplexer({
    targetOf: (wanted) => (wanted === ufrag ? target : undefined),
  });

  const slow = await open(port);
  for (const byte of frame) {
    slow.write(Buffer.of(byte));
    await turn();
  }
  expect(await read(slow, frame.length)).toEqual(frame);

  const fast = await open(port);
  const more = Buffer.from('more of it');
  fast.write(Buffer.concat([frame, more]));
  expect(await read(fast, frame.length + more.length)).toEqual(Buffer.concat([frame, more]));
  expect(demultiplexer.counters()).toMatchObject({ accepted: 2, ice: 2 });
});

test('SP-9.3: closes and counts a connection with an unknown ufrag', async () => {
  const { demultiplexer, port } = await startTcpDemultiplexer();
  const socket = await open(port);
  socket.write(frame);
  await closed(socket);
  expect(demultiplexer.counters()).toMatchObject({ accepted: 1, unknownUfrag: 1, ice: 0 });
});

test('closes and counts junk of each length from 0 to 600, without affecting others', async () => {
  const { target } = await startEnd((socket) => socket.pipe(socket));
  const { demultiplexer, port } = await startTcpDemultiplexer({
    targetOf: (wanted) => (wanted === ufrag ? target : undefined),
  });
  const peer = await open(port);
  peer.write(frame);
  await read(peer, frame.length);

  const kinds: ((length: number) => Buffer)[] = [
    (length) => Buffer.alloc(length),
    (length) => Buffer.alloc(length, 0xff),
    (length) => crypto.getRandomValues(Buffer.alloc(length)),
    // Without its last byte, and with a wrong last byte.
    (length) => frame.subarray(0, Math.min(length, frame.length - 1)),
    (length) => {
      const wrong = Buffer.from(frame);
      const at = length % 10;
      wrong[at] = (wrong[at] as number) ^ 0x80;
      return wrong;
    },
  ];
  for (let length = 0; length <= 600; length++) {
    await Promise.all(
      kinds.map(async (kind) => {
        const socket = await open(port);
        socket.end(kind(length));
        await closed(socket);
      }),
    );
  }

  const { accepted, ice, unknown, closedEarly, ...rest } = demultiplexer.counters();
  expect(accepted).toBe(1 + 601 * kinds.length);
  expect(ice).toBe(1);
  // Random bytes may begin like HTTP or TLS, which are not served here.
  expect(unknown + closedEarly + rest.notServed).toBe(601 * kinds.length);
  expect(unknown).toBeGreaterThan(1_000);
  expect(closedEarly).toBeGreaterThan(600);
  peer.write('still here');
  expect(String(await read(peer, 10))).toBe('still here');
});

test('passes a connection only to services of the address at which it was accepted', async () => {
  const { target } = await startEnd((socket) => socket.pipe(socket));
  const askedFor: string[] = [];
  const { demultiplexer, port } = await startTcpDemultiplexer({
    iceIps: ['127.0.0.2'],
    httpIps: ['127.0.0.1'],
    targetOf: (_, ip) => {
      askedFor.push(ip);
      return target;
    },
  });
  const http: Socket[] = [];
  demultiplexer.acceptHttp((socket) => http.push(socket.on('error', ignore).end('hello')));

  const at = async (host: string, bytes: Buffer | string) => {
    const socket = await open(port, { host });
    socket.write(bytes);
    return socket;
  };
  expect(await read(await at('127.0.0.2', frame), frame.length)).toEqual(frame);
  expect(String(await read(await at('127.0.0.1', 'GET'), 5))).toBe('hello');
  expect(askedFor).toEqual(['127.0.0.2']);

  await closed(await at('127.0.0.1', frame));
  await closed(await at('127.0.0.2', 'GET'));
  await closed(await at('127.0.0.2', Buffer.of(0x16)));
  expect(http).toHaveLength(1);
  expect(demultiplexer.counters()).toMatchObject({ ice: 1, http: 1, tls: 0, notServed: 3 });
});

test('serves the wildcards of both families on one port, each with its own connections', async ({
  skip,
}) => {
  skip(!hasIPv6, '::1 is no address of this machine');
  const { target } = await startEnd((socket) => socket.pipe(socket));
  const askedFor: string[] = [];
  const { demultiplexer, port } = await startTcpDemultiplexer({
    iceIps: ['0.0.0.0', '::'],
    httpIps: ['127.0.0.1'],
    targetOf: (_, ip) => {
      askedFor.push(ip);
      return target;
    },
  });
  const seen: (string | undefined)[] = [];
  demultiplexer.acceptHttp((socket) => {
    seen.push(socket.remoteAddress);
    socket.on('error', ignore).end('hello');
  });
  for (const host of ['127.0.0.1', '127.0.0.2', '::1']) {
    const socket = await open(port, { host });
    socket.write(frame);
    expect(await read(socket, frame.length)).toEqual(frame);
  }
  expect(askedFor).toEqual(['0.0.0.0', '0.0.0.0', '::']);

  for (const host of ['127.0.0.2', '::1']) {
    const socket = await open(port, { host });
    socket.write('GET');
    await closed(socket);
  }
  const socket = await open(port, { host: '127.0.0.1' });
  socket.write('GET');
  expect(String(await read(socket, 5))).toBe('hello');
  expect(seen).toEqual(['127.0.0.1']);
});

test('serves HTTP at :: over IPv4 too, as an HTTP server of its own does', async ({ skip }) => {
  skip(!hasIPv6, '::1 is no address of this machine');
  const { demultiplexer, port } = await startTcpDemultiplexer({ httpIps: ['0::0'] });
  demultiplexer.acceptHttp((socket) => socket.on('error', ignore).end('hello'));
  for (const host of ['127.0.0.1', '::1']) {
    const socket = await open(port, { host });
    socket.write('GET');
    expect(String(await read(socket, 5))).toBe('hello');
  }
});

test('closes HTTP connections before and after an HTTP server accepts them', async () => {
  const { demultiplexer, port } = await startTcpDemultiplexer({ httpIps: ['127.0.0.1'] });
  const ask = async () => {
    const socket = await open(port);
    socket.write('GET');
    return socket;
  };
  await closed(await ask());
  expect(demultiplexer.counters()).toMatchObject({ notServed: 1, http: 0 });

  demultiplexer.acceptHttp((socket) => socket.on('error', ignore).write('hello'));
  const kept = await ask();
  await read(kept, 5);
  demultiplexer.acceptHttp(undefined);
  await closed(await ask());
  expect(demultiplexer.counters()).toMatchObject({ notServed: 2, http: 1 });
  expect(kept.destroyed).toBe(false);
});

test('knows the peer behind a tuple as long as the connection lasts', async () => {
  const ends: Socket[] = [];
  const { target } = await startEnd((socket) => {
    ends.push(socket);
    socket.pipe(socket);
  });
  const { demultiplexer, port } = await startTcpDemultiplexer({ targetOf: () => target });
  const peers = [
    await open(port, { localAddress: '127.0.0.3' }),
    await open(port, { localAddress: '127.0.0.4' }),
  ] as const;
  for (const peer of peers) {
    peer.write(frame);
    await read(peer, frame.length);
  }
  const tuplePorts = ends.map(({ remotePort }) => remotePort as number);
  const remotes = () =>
    tuplePorts.map((localPort) => demultiplexer.remoteOf(target.port, localPort));
  expect(remotes()).toEqual([
    { address: '127.0.0.3', port: peers[0].localPort },
    { address: '127.0.0.4', port: peers[1].localPort },
  ]);
  expect(demultiplexer.remoteOf(target.port + 1, tuplePorts[0] as number)).toBeUndefined();

  peers[0].end();
  await closed(peers[0]);
  await expect
    .poll(remotes)
    .toEqual([undefined, { address: '127.0.0.4', port: peers[1].localPort }]);
  ends[1]?.destroy();
  await closed(peers[1]);
  await expect.poll(remotes).toEqual([undefined, undefined]);
});

test('reports a port in use in one message, and leaves nothing listening', async () => {
  const port = await freePorts(1);
  const other = createServer().listen(port, '127.0.0.2');
  await once(other, 'listening');
  const demultiplexer = new TcpDemultiplexer({
    port,
    iceIps: ['127.0.0.1', '127.0.0.2'],
    httpIps: [],
    targetOf: () => undefined,
  });
  const error = await demultiplexer.listen().catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(PortInUseError);
  expect(String(error)).toContain(`Port ${port}, TCP, at 127.0.0.2 is in use`);
  expect(await tryBind('tcp', '127.0.0.1', port)).toBeUndefined();
  other.close();
});

test('reports an address of another machine in one message', async () => {
  // An address of no host (RFC 5737).
  await expect(startTcpDemultiplexer({ httpIps: ['192.0.2.1'] })).rejects.toThrow(
    /at 192\.0\.2\.1, TCP \(EADDRNOTAVAIL\)\. This machine does not have that address/,
  );
});

test('ends all connections on close, and leaves nothing behind', async () => {
  const ends: Socket[] = [];
  const { target } = await startEnd((socket) => {
    ends.push(socket);
    socket.pipe(socket);
  });
  const { demultiplexer, port } = await startTcpDemultiplexer({
    targetOf: () => target,
    httpIps: ['127.0.0.1'],
  });
  demultiplexer.acceptHttp((socket) => socket.on('error', ignore).write('hello'));
  const [joined, pending, http] = [await open(port), await open(port), await open(port)];
  joined.write(frame);
  await read(joined, frame.length);
  pending.write(Buffer.of(0));
  http.write('GET');
  await read(http, 5);
  const tuplePort = ends[0]?.remotePort as number;
  expect(demultiplexer.remoteOf(target.port, tuplePort)).toBeDefined();

  await demultiplexer.close();
  expect(demultiplexer.remoteOf(target.port, tuplePort)).toBeUndefined();
  await Promise.all([joined, pending, http].map(closed));
  expect(await tryBind('tcp', '127.0.0.1', port)).toBeUndefined();
});
