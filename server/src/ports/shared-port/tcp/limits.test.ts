import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
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
import type { TcpLimits } from './limits.ts';

const frame = firstFrame({
  usernameFragment: 'abcdefghijklmnopqrstuvwxyz012345',
  password: 'secret',
});

test('limits the time to the end of the first frame, however many bytes arrive meanwhile', async () => {
  const { demultiplexer, port } = await startTcpDemultiplexer({ limits: { firstFrameMs: 200 } });
  const [silent, dripping] = [await open(port), await open(port)];
  // The frame would be complete after a minute.
  const bytes = Buffer.from(frame);
  let at = 0;
  const drip = setInterval(() => dripping.write(bytes.subarray(at, ++at)), 20);
  onTestFinished(() => clearInterval(drip));
  dripping.once('close', () => clearInterval(drip));
  await Promise.all([closed(silent), closed(dripping)]);
  expect(demultiplexer.counters()).toMatchObject({ accepted: 2, unused: 1, timeout: 1, ice: 0 });
});

test('does not limit the time of a connection that has sent its first frame', async () => {
  const { target } = await startEnd((socket) => socket.pipe(socket));
  const { demultiplexer, port } = await startTcpDemultiplexer({
    targetOf: () => target,
    limits: { firstFrameMs: 200 },
  });
  const joined = await open(port);
  joined.write(frame);
  await read(joined, frame.length);
  const silent = await open(port);
  await closed(silent);
  expect(demultiplexer.counters()).toMatchObject({ ice: 1, unused: 1 });
  joined.write('still here');
  expect(String(await read(joined, 10))).toBe('still here');
});

interface Case {
  limits: Partial<TcpLimits>;
  /** Whether another address can still connect. */
  others: boolean;
}

test('evicts silent connections for newer ones, the oldest first', async () => {
  const { target } = await startEnd((socket) => socket.pipe(socket));
  const hits: unknown[] = [];
  const { demultiplexer, port } = await startTcpDemultiplexer({
    targetOf: () => target,
    limits: { pending: 3 },
    onLimit: (...hit) => void hits.push(hit),
  });
  const held: Socket[] = [];
  for (let n = 1; n <= 3; n++) {
    held.push(await open(port));
    await expect.poll(() => demultiplexer.counters().accepted).toBe(n);
  }
  expect(await getsThrough(port, '127.0.0.2')).toBe(true);
  await closed(held[0] as Socket);
  expect(demultiplexer.counters()).toMatchObject({
    accepted: 4,
    overLimit: 1,
    closedEarly: 0,
    ice: 1,
  });
  // The event names the address that was evicted, not the new one.
  expect(hits).toEqual([['pending', '127.0.0.1']]);
  held[1]?.write(frame);
  await read(held[1] as Socket, frame.length);
  expect(demultiplexer.counters()).toMatchObject({ overLimit: 1, ice: 2 });
});

test('limits the silent connections of an address', async () => {
  const { target } = await startEnd((socket) => socket.pipe(socket));
  const { demultiplexer, port } = await startTcpDemultiplexer({
    targetOf: () => target,
    limits: { pendingPerRemote: 3 },
  });
  const held = await Promise.all([1, 2, 3].map(() => open(port)));
  await expect.poll(() => demultiplexer.counters().accepted).toBe(3);
  await closed(await open(port));
  expect(demultiplexer.counters()).toMatchObject({ accepted: 4, overLimit: 1 });
  expect(await getsThrough(port, '127.0.0.2')).toBe(true);

  held[0]?.destroy();
  await expect.poll(() => demultiplexer.counters().closedEarly).toBe(1);
  expect(await getsThrough(port, '127.0.0.1')).toBe(true);
});

const joinedCases: (Case & { full: boolean })[] = [
  { limits: { pending: 3 }, others: true, full: false },
  { limits: { pendingPerRemote: 3 }, others: true, full: false },
  { limits: { connections: 3 }, others: false, full: true },
  { limits: { connectionsPerRemote: 3 }, others: true, full: true },
];

test.each(joinedCases)('limits joined connections: $limits', async ({ limits, others, full }) => {
  const { target } = await startEnd((socket) => socket.pipe(socket));
  const { demultiplexer, port } = await startTcpDemultiplexer({ targetOf: () => target, limits });
  const held: Socket[] = [];
  for (let i = 0; i < 3; i++) {
    const socket = await open(port);
    socket.write(frame);
    await read(socket, frame.length);
    held.push(socket);
  }
  expect(await getsThrough(port, '127.0.0.1')).toBe(!full);
  expect(await getsThrough(port, '127.0.0.2')).toBe(others);

  held[0]?.destroy();
  // The quota is released when the demultiplexer has seen the close.
  await expect.poll(() => getsThrough(port, '127.0.0.1')).toBe(true);
  expect(demultiplexer.counters().unknown).toBe(0);
});

test('connections to workers and to HTTP take no room from each other', async () => {
  const { target } = await startEnd((socket) => socket.pipe(socket));
  const { demultiplexer, port } = await startTcpDemultiplexer({
    httpIps: ['127.0.0.1'],
    targetOf: () => target,
    limits: { connections: 2, connectionsPerRemote: 2, pending: 2, pendingPerRemote: 2 },
  });
  demultiplexer.acceptHttp((socket) => socket.on('error', ignore).write('hello'));
  const ask = async () => {
    const socket = await open(port);
    socket.write('GET');
    await read(socket, 5);
  };
  for (let i = 0; i < 10; i++) {
    await ask();
  }
  for (let i = 0; i < 2; i++) {
    const socket = await open(port);
    socket.write(frame);
    await read(socket, frame.length);
  }
  expect(demultiplexer.counters()).toMatchObject({ http: 10, ice: 2, overLimit: 0 });
  expect(await getsThrough(port, '127.0.0.1')).toBe(false);
  await ask();
});

test('closes and counts a connection when the worker refuses it', async () => {
  const nobody = { host: '127.0.0.1', port: await freePorts(1) };
  const { demultiplexer, port } = await startTcpDemultiplexer({ targetOf: () => nobody });
  const peer = await open(port);
  peer.write(frame);
  await closed(peer);
  expect(demultiplexer.counters()).toMatchObject({ ice: 1, workerUnreachable: 1 });
});

test('closes and counts a connection when the worker does not accept in time', async () => {
  const target = await startHanging();
  const { demultiplexer, port } = await startTcpDemultiplexer({
    targetOf: () => target,
    limits: { connectMs: 300 },
  });
  const peer = await open(port);
  peer.write(frame);
  await closed(peer);
  expect(demultiplexer.counters()).toMatchObject({ ice: 1, workerUnreachable: 1 });
});

/** Whether a peer at this address reaches the worker. */
async function getsThrough(port: number, localAddress: string): Promise<boolean> {
  const socket = await open(port, { localAddress });
  socket.write(frame);
  try {
    return (await read(socket, frame.length)).equals(frame);
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/** A stopped process whose listening socket has a full backlog. */
async function startHanging(): Promise<{ host: string; port: number }> {
  const port = await freePorts(1);
  const code = `require('net').createServer().listen({ host: '127.0.0.1', port: ${port}, backlog: 1 }, () => console.log('.'))`;
  const child = spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  await once(child.stdout, 'data');
  child.kill('SIGSTOP');
  // listen(2): the backlog, and one more.
  await Promise.all([open(port), open(port)]);
  return { host: '127.0.0.1', port };
}
