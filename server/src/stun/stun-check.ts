/** Sends Binding Requests and awaits their responses. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, isIPv6, type Socket } from 'node:net';
import { hostAndPort, localAddressOf } from '../net/ip.ts';
import {
  type BindingResult,
  bindingRequest,
  bindingResult,
  type IceCredentials,
  isStun,
  transactionId,
} from './stun-message.ts';

/** RFC 8489, 6.2.1 asks for 500 ms or more in networks. This is the loopback interface. */
const retransmitMs = 200;

export interface StunTarget {
  protocol: 'udp' | 'tcp';
  ip: string;
  port: number;
}

export interface TransactionOptions {
  /** When to give up. */
  signal: AbortSignal;
  /** Milliseconds after which an unanswered request is sent again. undefined: never, as over TCP. */
  retransmitMs?: number | undefined;
}

/** Matches the responses on one socket with the requests that were sent from it. */
export class StunTransactions {
  readonly #send: (message: Buffer) => void;
  readonly #pending = new Map<string, PromiseWithResolvers<Buffer>>();
  #closed: Error | undefined;

  constructor(send: (message: Buffer) => void) {
    this.#send = send;
  }

  /**
   * Sends a request and awaits its response.
   *
   * @throws what fail() or close() is given, or the signal's reason
   */
  async request(request: Buffer, { signal, retransmitMs }: TransactionOptions): Promise<Buffer> {
    signal.throwIfAborted();
    if (this.#closed) {
      throw this.#closed;
    }
    const id = transactionId(request);
    const response = Promise.withResolvers<Buffer>();
    const onAbort = () => response.reject(signal.reason);
    const timer =
      retransmitMs === undefined ? undefined : setInterval(() => this.#send(request), retransmitMs);
    signal.addEventListener('abort', onAbort);
    this.#pending.set(id, response);
    this.#send(request);
    try {
      return await response.promise;
    } finally {
      clearInterval(timer);
      signal.removeEventListener('abort', onAbort);
      this.#pending.delete(id);
    }
  }

  /** Ignores messages that answer no pending request: only its receiver knows the 96 random bits. */
  receive(message: Buffer): void {
    if (isStun(message)) {
      this.#pending.get(transactionId(message))?.resolve(message);
    }
  }

  /** Rejects all pending requests. */
  fail(error: Error): void {
    for (const { reject } of this.#pending.values()) {
      reject(error);
    }
  }

  /** Rejects all pending requests and those to come. */
  close(error: Error): void {
    this.#closed ??= error;
    this.fail(error);
  }
}

/** A socket that is connected to one address of a transport. */
export interface StunConnection extends AsyncDisposable {
  /** The local end. */
  readonly from: { address: string; port: number };
  readonly transactions: StunTransactions;
}

/**
 * @throws the socket's error, such as ECONNREFUSED for TCP
 * @throws AbortError
 */
export function connectStun(target: StunTarget, signal: AbortSignal): Promise<StunConnection> {
  return target.protocol === 'udp' ? connectUdp(target, signal) : connectTcp(target, signal);
}

/**
 * Does what a peer does first: sends a Binding Request with a transport's credentials (RFC 8445, 7.2).
 *
 * @param target - where the transport is bound; a wildcard is reached by its loopback address
 * @param ice - the transport's credentials
 * @throws Error that says what was received instead of a success response
 */
export async function checkStun(
  { protocol, ip, port }: StunTarget,
  ice: IceCredentials,
  signal: AbortSignal,
): Promise<void> {
  const target = { protocol, ip: localAddressOf(ip), port };
  const result = await requestBinding(target, ice, signal).catch((error: Error) =>
    signal.aborted ? 'nothing' : error.message,
  );
  if (result !== 'success') {
    const what = typeof result === 'number' ? `error ${result}` : result;
    throw new Error(
      `${protocol} ${hostAndPort(ip, port)} answers a STUN Binding Request with ${what}`,
    );
  }
}

async function requestBinding(
  target: StunTarget,
  ice: IceCredentials,
  signal: AbortSignal,
): Promise<BindingResult> {
  await using connection = await connectStun(target, signal);
  const response = await connection.transactions.request(bindingRequest(ice), {
    signal,
    retransmitMs: target.protocol === 'udp' ? retransmitMs : undefined,
  });
  return bindingResult(response);
}

async function connectUdp({ ip, port }: StunTarget, signal: AbortSignal): Promise<StunConnection> {
  const socket = createSocket(isIPv6(ip) ? 'udp6' : 'udp4');
  const transactions = new StunTransactions((message) =>
    socket.send(message, (error) => error && transactions.fail(error)),
  );
  const close = () => new Promise<void>((resolve) => socket.close(resolve));
  // Only a connected socket is told that the port is closed.
  socket.on('error', (error) => transactions.fail(error));
  socket.on('message', (message) => transactions.receive(message));
  try {
    socket.connect(port, ip);
    await once(socket, 'connect', { signal });
  } catch (error) {
    await close();
    throw error;
  }
  return { from: socket.address(), transactions, [Symbol.asyncDispose]: close };
}

async function connectTcp({ ip, port }: StunTarget, signal: AbortSignal): Promise<StunConnection> {
  const socket = connect({ host: ip, port });
  const transactions = new StunTransactions((message) => socket.write(framed(message)));
  const close = async () => {
    socket.destroy();
    if (!socket.closed) {
      await once(socket, 'close');
    }
  };
  socket.on('error', (error) => transactions.fail(error));
  socket.on('close', () => transactions.close(new Error('the end of the connection')));
  try {
    await once(socket, 'connect', { signal });
  } catch (error) {
    await close();
    throw error;
  }
  onFrame(socket, (message) => transactions.receive(message));
  return {
    from: { address: socket.localAddress ?? '', port: socket.localPort ?? 0 },
    transactions,
    [Symbol.asyncDispose]: close,
  };
}

/** A message as it is sent over TCP: its length comes before it (RFC 4571, 2). */
export function framed(message: Buffer): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(message.length);
  return Buffer.concat([length, message]);
}

function onFrame(socket: Socket, receive: (message: Buffer) => void): void {
  let pending: Buffer = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    pending = Buffer.concat([pending, chunk]);
    while (pending.length >= 2 && pending.length >= 2 + pending.readUInt16BE(0)) {
      const end = 2 + pending.readUInt16BE(0);
      receive(pending.subarray(2, end));
      pending = pending.subarray(end);
    }
  });
}
