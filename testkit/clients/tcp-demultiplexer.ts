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

/** For tests: a demultiplexer that listens on a port of its own, at 127.0.0.1 if nothing else is asked for. */
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

/** For tests: what a peer sends first. */
export function firstFrame(ice: IceCredentials): Buffer {
  return framed(bindingRequest(ice));
}

/** For tests: a peer's TCP connection. It is paused until somebody listens to its data. */
export async function open(
  port: number,
  from: { host?: string; localAddress?: string; allowHalfOpen?: boolean } = {},
): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true, ...from });
  socket.on('error', ignore);
  onTestFinished(() => {
    socket.destroy();
  });
  // It may be reset before we know that it is open.
  await new Promise((resolve) => socket.once('connect', resolve).once('close', resolve));
  return socket;
}

/** For tests: resolves when the other side has closed; what comes before is thrown away. */
export async function closed(socket: Socket): Promise<void> {
  if (socket.closed) {
    return;
  }
  const close = new Promise((resolve) => socket.once('close', resolve));
  socket.resume();
  await close;
}

/** For tests: checks a pair over an open connection. @returns what the response says */
export async function check(socket: Socket, ice: IceCredentials): Promise<'success' | number> {
  socket.write(firstFrame(ice));
  return bindingResult(await readFrame(socket));
}

/** For tests: the next frame. @throws when the connection ends before it */
export async function readFrame(socket: Socket): Promise<Buffer> {
  const length = (await read(socket, 2)).readUInt16BE(0);
  return read(socket, length);
}

/** For tests: so many bytes. @throws when the connection ends before them */
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

/** For tests: a TCP server that stands for a worker where bytes are counted, with its connections. */
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

/** Whether the other side resets or ends is not what the tests are about. */
export function ignore(): void {}
