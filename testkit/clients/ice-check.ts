import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, isIPv6 } from 'node:net';
import type { types } from 'mediasoup';
import { bindingRequest, type IceCredentials, responseResult } from './stun.ts';

/** Milliseconds. RFC 8489, 6.2.1: a request is sent again when no answer comes. */
const retransmitMs = 500;
/** Longer than a tuple of somebody else's may stay in use (docs/single-port.md, SP-11.2). */
const patienceMs = 15_000;

interface Target {
  protocol: types.TransportProtocol;
  address: string;
  port: number;
}

/** A connection that ICE has chosen. */
export interface IceChecked extends AsyncDisposable {
  /** Where the request came from, as the socket knows it. */
  from: { address: string; port: number };
  to: Target;
  /** What the worker answered: `success`, or the code of its error. */
  result: 'success' | number;
}

/**
 * Does what a browser does first: a STUN Binding Request that nominates the pair, over a real socket.
 *
 * @param to - where the worker is to be reached
 * @param ice - the transport's
 * @returns what the worker answered; the socket stays open until it is disposed of
 * @throws AbortError when there is no answer
 */
export async function checkIce(to: Target, ice: IceCredentials): Promise<IceChecked> {
  return await (to.protocol === 'udp' ? checkOverUdp : checkOverTcp)(to, bindingRequest(ice));
}

async function checkOverUdp(to: Target, request: Buffer): Promise<IceChecked> {
  const { address, port } = to;
  const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
  socket.connect(port, address);
  await once(socket, 'connect');
  const response = once(socket, 'message', { signal: AbortSignal.timeout(patienceMs) });
  const again = setInterval(() => socket.send(request), retransmitMs);
  socket.send(request);
  const [message] = await response.finally(() => clearInterval(again));
  return {
    from: socket.address(),
    to,
    result: responseResult(message),
    async [Symbol.asyncDispose]() {
      await new Promise<void>((resolve) => socket.close(resolve));
    },
  };
}

async function checkOverTcp(to: Target, request: Buffer): Promise<IceChecked> {
  const { address, port } = to;
  const socket = connect(port, address);
  await once(socket, 'connect');
  // RFC 4571, 2: each packet follows its length.
  const length = Buffer.alloc(2);
  length.writeUInt16BE(request.length);
  socket.write(Buffer.concat([length, request]));
  const [frame] = await once(socket, 'data', { signal: AbortSignal.timeout(patienceMs) });
  return {
    from: { address: socket.localAddress ?? '', port: socket.localPort ?? 0 },
    to,
    result: responseResult(frame.subarray(2)),
    async [Symbol.asyncDispose]() {
      socket.destroy();
      await once(socket, 'close');
    },
  };
}
