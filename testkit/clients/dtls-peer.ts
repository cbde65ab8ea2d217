import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { isIPv6 } from 'node:net';
import type { types } from 'mediasoup';
import { onTestFinished } from 'vitest';
import { temporaryFolder } from '../system/temporary-folder.ts';
import { type Certificate, createCertificate, type DtlsClient, spawnDtls } from './dtls-client.ts';
import { IcePeer } from './ice-peer.ts';

export interface ConnectedDtls {
  /** Closes DTLS with a close_notify alert. */
  closeDtls(): void;
  /** The source of the SRTP keys. */
  readonly keyingMaterial: Buffer;
}

/**
 * An ICE peer with DTLS. It relays between the worker, which knows this socket's address, and
 * `openssl s_client`, which knows only DTLS. Its sockets are closed when the test has finished.
 */
export class DtlsPeer extends IcePeer {
  #toDtls: (message: Buffer) => void = () => {};

  /** @param transport - the peer's, or any transport of the same WebRtcServer */
  static async openTo(transport: types.WebRtcTransport): Promise<DtlsPeer> {
    const candidate = transport.iceCandidates.find(({ protocol }) => protocol === 'udp');
    if (!candidate) {
      throw new Error('the transport has no UDP candidate');
    }
    const to = { ip: '127.0.0.1', port: candidate.port };
    const peer = new DtlsPeer(await IcePeer.bind(to), to);
    onTestFinished(() => peer.close());
    return peer;
  }

  /**
   * Connects ICE, then DTLS. From then on, datagrams from the worker go to this DTLS client.
   *
   * @param certificate - the client's
   * @param promised - the certificate whose fingerprint the worker is given
   * @throws when ICE or DTLS fails, or the worker dies
   */
  async connect(
    transport: types.WebRtcTransport,
    certificate = makeCertificate(),
    promised = certificate,
  ): Promise<ConnectedDtls> {
    const result = await this.check(transport.iceParameters);
    if (result !== 'success') {
      throw new Error(`the worker answers the Binding Request with ${result}`);
    }
    return this.connectDtls(transport, certificate, promised);
  }

  /**
   * The second half of `connect`.
   *
   * @throws when DTLS fails, or the worker dies
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
    const client = startDtls(await this.#openRelay(), certificate);
    await connected;
    return {
      closeDtls: () => client.process.stdin.end(),
      keyingMaterial: await client.keyingMaterial,
    };
  }

  protected override onData(message: Buffer): void {
    this.#toDtls(message);
  }

  async #openRelay(): Promise<number> {
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
}

export function makeCertificate(): Certificate {
  return createCertificate(temporaryFolder());
}

/**
 * Starts a DTLS client that is killed when the test has finished.
 *
 * @param port - of the server, or of a relay to it, at 127.0.0.1
 */
export function startDtls(port: number, certificate: Certificate): DtlsClient {
  const client = spawnDtls(port, certificate);
  onTestFinished(() => {
    client.process.kill();
  });
  return client;
}

/** Resolves when the transport's DTLS is in this state, and rejects when it never will be. */
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

/** A UDP socket that is closed when the test has finished. */
export async function bindUdp(ip = '127.0.0.1'): Promise<Socket> {
  const socket = createSocket(isIPv6(ip) ? 'udp6' : 'udp4');
  socket.bind(0, ip);
  await once(socket, 'listening');
  onTestFinished(() => {
    socket.close();
  });
  return socket;
}
