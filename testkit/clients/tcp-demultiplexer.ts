import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import {
  TcpDemultiplexer,
  type TcpDemultiplexerOptions,
} from '../../server/src/ports/shared-port/tcp/tcp-demultiplexer.ts';
import { framed } from '../../server/src/stun/stun-check.ts';
import {
  bindingRequest,
  bindingResult,
  type IceCredentials,
} from '../../server/src/stun/stun-message.ts';
import { freePorts } from '../servers/free-ports.ts';

/** Starts a TCP demultiplexer on a free port, by default at 127.0.0.1, which is closed when the test has finished. */
export async function startTcpDemultiplexer(
  options: Partial<TcpDemultiplexerOptions> = {},
): Promise<{ demultiplexer: TcpDemultiplexer; port: number }> {
  const port = await freePorts(1);
  const demultiplexer = new TcpDemultiplexer({
    port,
    iceIps: ['127.0.0.1'],
    httpIps: [],
    targetOf: () => undefined,
    ...options,
  });
  onTestFinished(() => demultiplexer.close());
  await demultiplexer.listen();
  return { demultiplexer, port };
}

/** The first frame of a peer: a Binding Request. */
export function firstFrame(ice: IceCredentials): Buffer {
  return framed(bindingRequest(ice));
}

/** Opens a peer's TCP connection. It is paused until its data is read. */
export async function open(
  port: number,
  from: { host?: string; localAddress?: string; allowHalfOpen?: boolean } = {},
): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true, ...from });
  socket.on('error', ignore);
  onTestFinished(() => {
    socket.destroy();
  });
  // The connection may be reset before 'connect'.
  await new Promise((resolve) => socket.once('connect', resolve).once('close', resolve));
  return socket;
}

/** Waits until the other side has closed, and discards what is received before. */
export async function closed(socket: Socket): Promise<void> {
  if (socket.closed) {
    return;
  }
  const close = new Promise((resolve) => socket.once('close', resolve));
  socket.resume();
  await close;
}

/** Sends a Binding Request over an open connection. */
export async function check(socket: Socket, ice: IceCredentials): Promise<'success' | number> {
  socket.write(firstFrame(ice));
  return bindingResult(await readFrame(socket));
}

/** Reads the next frame. @throws when the connection ends before */
export async function readFrame(socket: Socket): Promise<Buffer> {
  const length = (await read(socket, 2)).readUInt16BE(0);
  return read(socket, length);
}

/** Reads `length` bytes. @throws when the connection ends before */
export async function read(socket: Socket, length: number): Promise<Buffer> {
  for (;;) {
    const bytes: Buffer | null = length === 0 ? Buffer.alloc(0) : socket.read(length);
    if (bytes && bytes.length === length) {
      return bytes;
    }
    if (bytes || socket.readableEnded || socket.destroyed) {
      throw new Error(`the connection ended ${length} bytes too early`);
    }
    await new Promise<void>((resolve) => {
      const events = ['readable', 'end', 'close'] as const;
      const next = () => {
        for (const event of events) {
          socket.off(event, next);
        }
        resolve();
      };
      for (const event of events) {
        socket.on(event, next);
      }
    });
  }
}

/** Starts a TCP server in place of a worker, which is closed with its connections when the test has finished. */
export async function startEnd(
  onConnection: (socket: Socket) => void,
): Promise<{ server: Server; target: { host: string; port: number } }> {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', ignore);
    onConnection(socket);
  });
  onTestFinished(() => {
    server.close();
    for (const socket of sockets) {
      socket.destroy();
    }
  });
  const port = await freePorts(1);
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return { server, target: { host: '127.0.0.1', port } };
}

/** An error listener for tests that accept both a reset and an end. */
export function ignore(): void {}
