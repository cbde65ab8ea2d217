import { randomInt, randomUUID } from 'node:crypto';
import type { Transport } from '@oneport/protocol';
import type { IceCredentials } from '../../server/src/stun/stun-message.ts';
import { IcePeer } from '../../testkit/clients/ice-peer.ts';
import { dtlsParameters } from '../../testkit/clients/media-parameters.ts';
import { FuzzPeer } from './fuzz-peer.ts';
import type { Subject } from './subject.ts';
import type { Who } from './values/stun.ts';

export interface FuzzTransportPlan {
  direction: 'send' | 'recv';
  /** null: its DTLS parameters don't come. */
  dtlsRole: 'auto' | 'client' | 'server' | null;
}

/** A transport that the fuzzer has by signalling, so that it knows the password: what authenticates is tried too. */
export class FuzzTransport {
  readonly credentials: Record<Who, IceCredentials>;
  /** Where peers are told that it is. */
  readonly port: number;
  readonly #peer: FuzzPeer;

  /** @returns undefined when the server lets nobody in */
  static async open(subject: Subject, plan: FuzzTransportPlan): Promise<FuzzTransport | undefined> {
    const { direction, dtlsRole } = plan;
    const flag = direction === 'send' ? 'produce' : 'consume';
    const { roomId } = subject.innocents;
    const query = new URLSearchParams({ roomId, peerId: `mallory-${randomUUID()}`, [flag]: '1' });
    const peer = new FuzzPeer({
      signalling: subject.server.signalling,
      query: String(query),
      count: () => {},
    });
    const { sendTransport, recvTransport } = (await peer.welcome()) ?? {};
    const transport = sendTransport ?? recvTransport;
    if (!transport) {
      return undefined;
    }
    if (dtlsRole) {
      const { transportId } = transport;
      const parameters = { ...dtlsParameters, role: dtlsRole };
      peer.request('connectWebRtcTransport', { transportId, dtlsParameters: parameters });
      await peer.dealtWith();
    }
    return new FuzzTransport(subject, peer, transport);
  }

  private constructor(
    subject: Subject,
    peer: FuzzPeer,
    { iceParameters, iceCandidates }: Transport,
  ) {
    this.#peer = peer;
    const [candidate] = iceCandidates;
    this.port = candidate?.port ?? subject.server.mediaPort;
    this.credentials = {
      own: iceParameters,
      innocent: subject.innocents.credentials,
      nobody: { usernameFragment: randomUUID().replaceAll('-', ''), password: 'x'.repeat(32) },
    };
  }

  /** A socket whose address its transport knows. */
  async knownSocket(): Promise<IcePeer> {
    const socket = await this.strangersSocket();
    await socket.check(this.credentials.own);
    return socket;
  }

  /** A socket that nobody knows. */
  strangersSocket(): Promise<IcePeer> {
    const ip = `127.${randomInt(1, 255)}.${randomInt(1, 255)}.${randomInt(1, 255)}`;
    return IcePeer.open({ ip: '127.0.0.1', port: this.port }, { ip });
  }

  async close(): Promise<void> {
    await this.#peer.dealtWith();
    await this.#peer.end('polite');
  }
}
