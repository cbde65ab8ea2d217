import assert from 'node:assert/strict';
import type { Transport } from '@oneport/protocol';
import { checkIce } from '../../testkit/clients/ice-peer.ts';
import { TestPeer } from '../../testkit/clients/test-peer.ts';

export interface VisitPlan {
  signalling: string;
  roomId: string;
  /** In order: polite leaving closes the socket, abrupt cuts it off. */
  peers: { leaves: 'politely' | 'abruptly'; overTcp: boolean; restartsIce: boolean }[];
}

/** Peers meet in a room, produce and consume, are found by ICE, some restart it, and leave. */
export async function visit({ signalling, roomId, peers }: VisitPlan): Promise<void> {
  await Promise.all(
    peers.map(async ({ leaves, overTcp, restartsIce }, i) => {
      const query: Record<string, string> = overTcp ? { forceTcp: '1' } : {};
      const peer = await TestPeer.join({ signalling, roomId, peerId: `peer-${i}`, query });
      const { sendTransport, recvTransport } = await peer.welcome();
      await Promise.all([peer.produce('microphone'), peer.produce('camera')]);
      for (const transport of [sendTransport, recvTransport]) {
        assert(transport);
        await check(transport, transport.iceParameters);
        if (!restartsIce || transport !== sendTransport) {
          continue;
        }
        const { transportId } = transport;
        await check(transport, (await peer.request('restartIce', { transportId })).iceParameters);
      }
      await peer.request('sendChatMessage', { text: 'hello' });
      if (leaves === 'politely') {
        await peer.leave();
      } else {
        peer.socket.terminate();
      }
      await peer.closed;
    }),
  );
}

async function check(transport: Transport, ice: Transport['iceParameters']): Promise<void> {
  const [candidate] = transport.iceCandidates;
  assert(candidate);
  await using checked = await checkIce(candidate, ice);
  assert.equal(checked.result, 'success');
}
