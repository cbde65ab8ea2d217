import { createSocket } from 'node:dgram';
import { on, once } from 'node:events';
import { connect, isIPv6 } from 'node:net';
import {
  bindingRequest,
  type IceCredentials,
  isStun,
  responseResult,
  transactionId,
} from '../../../testkit/clients/stun.ts';
import type { Endpoint } from '../ports/types.ts';

/** Milliseconds. RFC 8489, 6.2.1 asks for 500 or more in networks; this one is the loopback interface. */
const retransmitMs = 200;

/** Where a port can be reached from this machine, and what a program hears that connects to all addresses. */
const loopbackOf: Record<string, string> = { '0.0.0.0': '127.0.0.1', '::': '::1' };

/**
 * Does what a peer does first: sends a Binding Request with a transport's credentials (RFC 8445, 7.2) to where
 * the kernel listens for it.
 *
 * @param listening - one of the transport's
 * @param ice - the transport's
 * @param signal - when to give up
 * @throws Error that says what came in place of a success
 */
export async function checkStun(
  listening: Pick<Endpoint, 'protocol' | 'ip' | 'port'>,
  ice: IceCredentials,
  signal: AbortSignal,
): Promise<void> {
  const { protocol, ip, port } = listening;
  const request = bindingRequest(ice);
  const ask = protocol === 'udp' ? askOverUdp : askOverTcp;
  const result = await ask({ host: loopbackOf[ip] ?? ip, port }, request, signal).catch(
    (error: NodeJS.ErrnoException) => (error.name === 'AbortError' ? 'nothing' : error.message),
  );
  if (result === 'success') {
    return;
  }
  const place = `${protocol} ${isIPv6(ip) ? `[${ip}]` : ip}:${port}`;
  const said = typeof result === 'number' ? `error ${result}` : result;
  throw new Error(`${place} answers a STUN Binding Request with ${said}`);
}

type Result = ReturnType<typeof responseResult>;

interface Target {
  host: string;
  port: number;
}

async function askOverUdp(
  { host, port }: Target,
  request: Buffer,
  signal: AbortSignal,
): Promise<Result> {
  const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4');
  // One that comes when nobody waits any more is nobody's.
  socket.on('error', () => {});
  let again: NodeJS.Timeout | undefined;
  try {
    // Connected, it hears of a port that is closed, and nothing from others.
    socket.connect(port, host);
    await once(socket, 'connect', { signal });
    const send = () => socket.send(request);
    const messages = on(socket, 'message', { signal });
    again = setInterval(send, retransmitMs);
    send();
    for await (const [message] of messages) {
      if (isAnswer(message, request)) {
        return responseResult(message);
      }
    }
    throw new Error('nothing');
  } finally {
    clearInterval(again);
    socket.close();
  }
}

async function askOverTcp(
  { host, port }: Target,
  request: Buffer,
  signal: AbortSignal,
): Promise<Result> {
  const socket = connect({ host, port, signal });
  socket.on('error', () => {});
  try {
    await once(socket, 'connect', { signal });
    // RFC 4571, 2: each packet follows its length.
    const length = Buffer.alloc(2);
    length.writeUInt16BE(request.length);
    socket.write(Buffer.concat([length, request]));
    let received: Buffer = Buffer.alloc(0);
    for await (const chunk of socket) {
      received = Buffer.concat([received, chunk]);
      if (received.length < 2 || received.length < 2 + received.readUInt16BE(0)) {
        continue;
      }
      const message = received.subarray(2, 2 + received.readUInt16BE(0));
      if (isAnswer(message, request)) {
        return responseResult(message);
      }
      throw new Error('something else');
    }
    throw new Error('the end of the connection');
  } finally {
    socket.destroy();
  }
}

/** Nobody else knows the transaction's 96 random bits (RFC 8489, 5). */
function isAnswer(message: Buffer, request: Buffer): boolean {
  return isStun(message) && transactionId(message) === transactionId(request);
}
