import { randomInt, randomUUID } from 'node:crypto';
import type { Transport } from '@oneport/protocol';
import fc from 'fast-check';
import type { IceCredentials } from '../../../server/src/stun/stun-message.ts';
import { IcePeer } from '../../../testkit/clients/ice-peer.ts';
import { dtlsParameters } from '../../../testkit/clients/media-parameters.ts';
import { bystandersRoom } from '../bystanders.ts';
import { FuzzPeer } from '../fuzz-peer.ts';
import { rawPlan, sendRaw } from '../raw-connection.ts';
import { type Made, target } from '../run-target.ts';
import type { Subject } from '../subject.ts';
import { buildDatagram, datagram, type Owner } from '../values/datagrams.ts';
import { httpBytes } from './http.ts';

const transportPlan = fc.record({
  direction: fc.constantFrom('send', 'recv'),
  /** null: connectWebRtcTransport is not sent. */
  dtlsRole: fc.constantFrom('auto', 'client', 'server', null),
});

/** A transport that the fuzzer gets by signalling. It knows the password, so its messages can authenticate. */
class FuzzTransport {
  readonly credentials: Record<Owner, IceCredentials>;
  readonly port: number;
  readonly #peer: FuzzPeer;

  /** @returns undefined when the server does not admit the peer */
  static async open(
    subject: Subject,
    { direction, dtlsRole }: Made<typeof transportPlan>,
  ): Promise<FuzzTransport | undefined> {
    const peer = new FuzzPeer({
      signalling: subject.server.signalling,
      query: String(
        new URLSearchParams({
          ...{ roomId: bystandersRoom, peerId: `mallory-${randomUUID()}` },
          [direction === 'send' ? 'produce' : 'consume']: '1',
        }),
      ),
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
      await peer.processed();
    }
    return new FuzzTransport(subject, peer, transport);
  }

  private constructor(
    { server, bystanders }: Subject,
    peer: FuzzPeer,
    { iceParameters, iceCandidates }: Transport,
  ) {
    this.#peer = peer;
    this.port = iceCandidates[0]?.port ?? server.mediaPort;
    this.credentials = {
      own: iceParameters,
      bystander: bystanders.credentials,
      unknown: { usernameFragment: randomUUID().replaceAll('-', ''), password: 'x'.repeat(32) },
    };
  }

  /** A socket at an address that no transport knows. */
  openSocket(): Promise<IcePeer> {
    const ip = `127.${randomInt(1, 255)}.${randomInt(1, 255)}.${randomInt(1, 255)}`;
    return IcePeer.open({ ip: '127.0.0.1', port: this.port }, { ip });
  }

  async close(): Promise<void> {
    await this.#peer.processed();
    await this.#peer.end('polite');
  }
}

const udpBatch = fc.record({
  transport: transportPlan,
  datagrams: fc.array(
    fc.record({ datagram, from: fc.constantFrom('known', 'known', 'stranger', 'bystander') }),
    // They must fit into a socket's buffer, together with the calls' packets.
    { maxLength: 30, size: 'max' },
  ),
});

/** Datagrams to the media port: from unknown addresses, from a participant's, and with forged addresses. */
export const udp = target('udp', udpBatch, async (subject, { transport: plan, datagrams }) => {
  const transport = await FuzzTransport.open(subject, plan);
  if (!transport) {
    return subject.count('not admitted');
  }
  const { own } = transport.credentials;
  const sockets = { known: await transport.openSocket(), stranger: await transport.openSocket() };
  await sockets.known.check(own);
  for (const { datagram, from } of datagrams) {
    const bytes = buildDatagram(datagram, transport.credentials);
    if (from === 'bystander') {
      subject.bystanders.forge(bytes);
    } else {
      sockets[from].send(bytes);
    }
    subject.count(`${datagram.kind} from ${from}`);
  }
  // The port's datagrams are processed in order: a response means that all earlier ones are done.
  await sockets.known.check(own);
  for (const [from, socket] of Object.entries(sockets)) {
    for (const { length } of socket.received) {
      subject.count(length > 0 ? `answers to ${from}` : 'empty');
    }
    await socket.close();
  }
  await transport.close();
});

/** RFC 4571, 2: two bytes with the length of what follows. */
const frame = fc.record({
  datagram,
  lengthError: fc.oneof(
    { weight: 9, arbitrary: fc.constant(0) },
    { weight: 1, arbitrary: fc.integer({ min: -300, max: 0xffff }) },
  ),
});

const connection = fc.record({
  /** The port may also serve HTTP. */
  before: fc.oneof(
    { weight: 8, arbitrary: fc.constant('') },
    { weight: 1, arbitrary: httpBytes },
    // The beginning of a TLS record (RFC 8446, 5.1).
    { weight: 1, arbitrary: fc.string({ maxLength: 100 }).map((rest) => `\x16\x03\x01${rest}`) },
  ),
  frames: fc.array(frame, { maxLength: 10, size: 'max' }),
  plan: rawPlan,
});

const tcpBatch = fc.record({
  transport: transportPlan,
  connections: fc.array(connection, { minLength: 1, maxLength: 8, size: 'max' }),
});

/** Connections to the media port: frames of RFC 4571, valid and invalid, cut anywhere, and other protocols. */
export const tcp = target('tcp', tcpBatch, async (subject, { transport: plan, connections }) => {
  const transport = await FuzzTransport.open(subject, plan);
  if (!transport) {
    return subject.count('not admitted');
  }
  await Promise.all(
    connections.map(async ({ before, frames, plan }) => {
      const bytes = frames.map(({ datagram, lengthError }) => {
        const content = buildDatagram(datagram, transport.credentials);
        const length = Buffer.alloc(2);
        length.writeUInt16BE((content.length + lengthError) & 0xffff);
        return Buffer.concat([length, content]);
      });
      const all = Buffer.concat([Buffer.from(before, 'latin1'), ...bytes]);
      const { length } = await sendRaw(transport, all, plan);
      subject.count(`connections ${length > 0 ? 'with' : 'without'} an answer`);
    }),
  );
  await transport.close();
});
