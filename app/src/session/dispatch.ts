/** Where each of the server's messages goes. */
import type { PeerId, Welcome } from '@oneport/protocol';
import type { Connection } from '../media/media-session.ts';
import type { SignallingHandlers } from '../signalling/signalling.ts';
import type { Moderation } from './moderation.ts';
import type { Room } from './room-state.ts';

export interface DispatchTo {
  room: Room;
  moderation: Moderation;
  /** The connection of the newest `welcome`, once it is made. */
  connection: () => Connection | undefined;
  /** I am in the lobby. */
  onWaiting: () => void;
  onWelcome: (welcome: Welcome) => void;
  onActiveSpeaker: (peerId: PeerId | null) => void;
}

/** @param to - those who deal with it */
export function dispatch(to: DispatchTo): Pick<SignallingHandlers, 'notifications' | 'requests'> {
  const { room, moderation } = to;
  const consuming = () => to.connection()?.consuming;
  return {
    notifications: {
      waiting: to.onWaiting,
      welcome: to.onWelcome,
      newPeer: (peer) => room.peerCame(peer),
      peerClosed: ({ peerId }) => room.peerWent(peerId),
      peerDisplayNameChanged: ({ peerId, displayName }) => room.peerRenamed(peerId, displayName),
      consumerClosed: ({ consumerId }) => consuming()?.closed(consumerId),
      consumerPaused: ({ consumerId }) => consuming()?.setState(consumerId, 'paused'),
      consumerResumed: ({ consumerId }) => consuming()?.setState(consumerId, 'live'),
      // Told for those who show statistics; nothing here depends on it.
      consumerLayersChanged: () => undefined,
      activeSpeaker: ({ peerId }) => to.onActiveSpeaker(peerId),
      muted: (data) => moderation.muted(data),
      roomLocked: (data) => moderation.locked(data),
      lobbyChanged: (data) => moderation.lobbyChanged(data),
      serverStopping: ({ inSeconds }) => room.serverStops(inSeconds),
      protocolError: ({ method, reason }) => console.error('protocol error:', method, reason),
    },
    requests: {
      newConsumers: async ({ generation, consumers }) => {
        // Consumers of an earlier connection belong to a transport that is no longer there.
        const current = to.connection()?.generation === generation ? consuming() : undefined;
        return { accepted: (await current?.accept(consumers)) ?? [] };
      },
    },
  };
}
