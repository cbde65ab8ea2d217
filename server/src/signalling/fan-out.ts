import type { RequestMethod } from '@oneport/protocol';
import type { Context } from './handlers.ts';

/**
 * Milliseconds of the server's CPU that a request causes for each other participant that has joined, after it was
 * handled: notifications, and consumers that are created, offered and closed.
 */
const msPerParticipant: Record<RequestMethod, number> = {
  join: 0.1,
  produce: 0.4,
  closeProducer: 0.1,
  pauseProducer: 0.07,
  resumeProducer: 0.07,
  changeDisplayName: 0.03,
  sendChatMessage: 0.02,
  mutePeer: 0.07,
  removePeer: 0.1,
  setRoomLocked: 0.03,
  admitPeer: 0.03,
  denyPeer: 0.03,
  closeRoom: 0.1,
  connectWebRtcTransport: 0,
  restartIce: 0,
  pauseConsumer: 0,
  resumeConsumer: 0,
  setConsumerPreferredLayers: 0,
  ping: 0,
};

/** The same for each producer of the others, which `join` consumes or finds unsupported. */
const joinMsPerProducer = 0.35;

/** Milliseconds of CPU that a client causes by entering a room: its socket, token, transports and `welcome`. */
export const enterMs = 5;

/** @returns what the request costs the server beyond handling it, in milliseconds of CPU */
export function fanOutMs({ room, peer }: Context, method: RequestMethod): number {
  const others = room.visible.filter((other) => other.id !== peer.id);
  const ms = msPerParticipant[method] * others.length;
  if (method !== 'join') {
    return ms;
  }
  const producers = others.reduce((sum, other) => sum + other.producers.length, 0);
  return ms + joinMsPerProducer * producers;
}
