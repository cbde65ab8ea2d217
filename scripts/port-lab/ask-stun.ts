import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import {
  bindingRequest,
  bindingResult,
  type IceCredentials,
} from '../../server/src/stun/stun-message.ts';

/** Only an answer that never comes is waited for so long. */
const patienceMs = 3000;

/** What became of a question: `refused` is the kernel's word, that nobody listens there. */
export type Answer = 'answered' | 'refused' | 'closed' | 'no answer' | `error ${number}`;

/**
 * Sends a STUN binding request over UDP (RFC 8445, 7.2).
 *
 * @param port - At 127.0.0.1.
 */
export async function askOverUdp(port: number, ice: IceCredentials): Promise<Answer> {
  const socket = createSocket('udp4');
  const signal = AbortSignal.timeout(patienceMs);

  try {
    // Connected, it hears of a port that is closed.
    socket.connect(port, '127.0.0.1');
    await once(socket, 'connect', { signal });

    const answer = once(socket, 'message', { signal });

    socket.send(bindingRequest(ice));

    const [message] = await answer;

    return said(message);
  } catch (error) {
    return failed(error);
  } finally {
    socket.close();
  }
}

/**
 * Sends a STUN binding request over TCP, in the frame of RFC 4571: two bytes of length.
 *
 * @param port - At 127.0.0.1.
 */
export async function askOverTcp(port: number, ice: IceCredentials): Promise<Answer> {
  const socket = connect(port, '127.0.0.1');
  const signal = AbortSignal.timeout(patienceMs);

  try {
    await once(socket, 'connect', { signal });

    const request = bindingRequest(ice);
    const length = Buffer.alloc(2);
    const answer = Promise.race([
      once(socket, 'data', { signal }),
      once(socket, 'close', { signal }).then(() => undefined),
    ]);

    length.writeUInt16BE(request.length);
    socket.write(Buffer.concat([length, request]));

    const [frame] = (await answer) ?? [];

    return frame ? said(frame.subarray(2)) : 'closed';
  } catch (error) {
    return failed(error);
  } finally {
    socket.destroy();
  }
}

function said(response: Buffer): Answer {
  const result = bindingResult(response);

  return result === 'success' ? 'answered' : `error ${result}`;
}

function failed(error: unknown): Answer {
  const { code, name } = error as NodeJS.ErrnoException;

  if (code === 'ECONNREFUSED') {
    return 'refused';
  }
  if (code === 'ECONNRESET') {
    return 'closed';
  }
  if (name === 'AbortError') {
    return 'no answer';
  }
  throw error;
}
