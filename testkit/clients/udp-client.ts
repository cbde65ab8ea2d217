import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { isIPv6 } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { types } from 'mediasoup';
import { onTestFinished } from 'vitest';
import { makeCertificate, startDtls } from './dtls.ts';
import {
  type BindingRequestOptions,
  bindingRequest,
  type IceCredentials,
  isStun,
  responseResult,
  transactionId,
} from './stun.ts';

export interface ConnectedDtls {
  /** Closes DTLS as a client does: by its closing alert. */
  closeDtls(): void;
  /** What SRTP's keys are made of. */
  readonly keyingMaterial: Buffer;
}

/**
 * For tests: one UDP socket of a client's. It does ICE's part itself, and stands between the worker, which knows
 * this socket's address, and `openssl s_client`, which knows only DTLS.
 */
export class UdpClient {
  readonly #socket: Socket;
  readonly #workerPort: number;
  readonly #waiting = new Map<string, (response: Buffer) => void>();
  #toDtls: (message: Buffer) => void = () => {};

  /** @param transport - Any transport of the WebRtcServer, or the one, that the socket is to talk to. */
  static async open(transport: types.WebRtcTransport): Promise<UdpClient> {
    const candidate = transport.iceCandidates.find(({ protocol }) => protocol === 'udp');

    if (!candidate) {
      throw new Error('the transport has no UDP candidate');
    }

    return new UdpClient(await bindUdp(), candidate.port);
  }

  private constructor(socket: Socket, workerPort: number) {
    this.#socket = socket;
    this.#workerPort = workerPort;
    socket.on('message', (message) => {
      if (isStun(message)) {
        this.#waiting.get(transactionId(message))?.(message);
      } else {
        this.#toDtls(message);
      }
    });
  }

  /** Its own, at 127.0.0.1. */
  get port(): number {
    return this.#socket.address().port;
  }

  /** Sends a STUN binding request. @returns What the response to it says. */
  async check(
    ice: IceCredentials,
    options: BindingRequestOptions = {},
  ): Promise<'success' | number> {
    const request = bindingRequest(ice, options);
    const response = new Promise<Buffer>((resolve) => {
      this.#waiting.set(transactionId(request), resolve);
    });

    this.send(request);

    return responseResult(await response);
  }

  /**
   * Sends binding requests as ICE does, one after another.
   *
   * @returns What the first response says, if one comes within 20 s.
   */
  async checkUntilAnswered(ice: IceCredentials): Promise<'success' | number | undefined> {
    for (let attempt = 0; attempt < 100; attempt++) {
      const result = await Promise.race([this.check(ice), sleep(200)]);
      if (result !== undefined) {
        return result;
      }
    }

    return undefined;
  }

  /**
   * Connects a transport: ICE, then DTLS. From then on what comes from the worker goes to this DTLS client.
   *
   * @param certificate - The client's.
   * @param promised - The certificate whose fingerprint the worker is told.
   * @throws When ICE or DTLS fails, or the worker dies.
   */
  async connect(
    transport: types.WebRtcTransport,
    certificate = makeCertificate(),
    promised = certificate,
  ): Promise<ConnectedDtls> {
    const result = await this.check(transport.iceParameters);

    if (result !== 'success') {
      throw new Error(`the worker answers the binding request with ${result}`);
    }

    return this.connectDtls(transport, certificate, promised);
  }

  /**
   * The second half of `connect`, for who has done ICE.
   *
   * @throws When DTLS fails, or the worker dies.
   */
  async connectDtls(
    transport: types.WebRtcTransport,
    certificate = makeCertificate(),
    promised = certificate,
  ): Promise<ConnectedDtls> {
    await transport.connect({
      dtlsParameters: {
        role: 'client',
        fingerprints: [{ algorithm: 'sha-256', value: promised.fingerprint }],
      },
    });

    const connected = dtlsState(transport, 'connected');
    const client = startDtls(await this.#makeRelay(), certificate);

    await connected;

    return {
      closeDtls: () => client.process.stdin.end(),
      keyingMaterial: await client.keyingMaterial,
    };
  }

  async #makeRelay(): Promise<number> {
    const relay = await bindUdp();
    let clientPort: number | undefined;

    this.#toDtls = (message) => {
      if (clientPort !== undefined) {
        relay.send(message, clientPort, '127.0.0.1');
      }
    };
    relay.on('message', (message, { port }) => {
      clientPort = port;
      this.send(message);
    });

    return relay.address().port;
  }

  /** Sends a datagram as it is. */
  send(message: Buffer): void {
    this.#socket.send(message, this.#workerPort, '127.0.0.1');
  }
}

/** For tests: resolves when the transport's DTLS is in this state, and rejects when it never will be. */
export function dtlsState(
  transport: types.WebRtcTransport,
  wanted: types.DtlsState,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const look = (state: types.DtlsState) => {
      if (state === wanted) {
        resolve();
      } else if (state === 'failed' || state === 'closed') {
        reject(new Error(`DTLS ${state}`));
      }
    };

    look(transport.dtlsState);
    transport.on('dtlsstatechange', look);
    transport.on('routerclose', () => reject(new Error('the worker died')));
    transport.on('listenserverclose', () => reject(new Error('the worker died')));
  });
}

/** For tests: a UDP socket that is closed when the test has finished. */
export async function bindUdp(ip = '127.0.0.1'): Promise<Socket> {
  const socket = createSocket(isIPv6(ip) ? 'udp6' : 'udp4');

  socket.bind(0, ip);
  await once(socket, 'listening');
  onTestFinished(() => {
    socket.close();
  });

  return socket;
}
