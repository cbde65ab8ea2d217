import type { RequestData, RequestMethod, RequestReply } from '@oneport/protocol';
import { errorCodes } from '@oneport/protocol';
import { mayPublish } from '../access/access.ts';
import type { Consumers } from '../rooms/consumers.ts';
import type { Moderation } from '../rooms/moderation.ts';
import type { Peer } from '../rooms/peer.ts';
import type { Room } from '../rooms/room.ts';
import { RoomError } from '../rooms/room-error.ts';
import type { ValidRequest } from './request.ts';

export interface Context {
  room: Room;
  peer: Peer;
}

type Handlers = {
  [M in RequestMethod]: (
    context: Context,
    data: RequestData<M>,
  ) => Promise<RequestReply<M>> | RequestReply<M>;
};

/** A RoomError that a handler throws is sent to the client. */
const handlers: Handlers = {
  join({ peer }, data) {
    const { displayName = data.displayName, permissions } = peer.access;
    const reply = peer.join({ ...data, displayName });
    return permissions.watch ? reply : { ...reply, chat: [] };
  },

  async connectWebRtcTransport({ peer }, { transportId, dtlsParameters }) {
    await peer.media.connect(transportId, dtlsParameters);
    return {};
  },

  async restartIce({ peer }, { transportId }) {
    return { iceParameters: await peer.media.restartIce(transportId) };
  },

  async produce({ peer }, data) {
    if (!mayPublish(peer.access, data.source)) {
      throw notPermitted(`publishing the ${data.source}`);
    }
    await peer.produce(data);
    return {};
  },

  closeProducer({ peer }, { producerId }) {
    peer.media.producer(producerId).close();
    return {};
  },

  async pauseProducer({ peer }, { producerId }) {
    await peer.media.producer(producerId).pause();
    return {};
  },

  async resumeProducer({ peer }, { producerId }) {
    await peer.media.resumeProducer(producerId);
    return {};
  },

  async pauseConsumer({ peer }, { consumerId }) {
    await consumersOf(peer).pause(consumerId);
    return {};
  },

  async resumeConsumer({ peer }, { consumerId }) {
    await consumersOf(peer).resume(consumerId);
    return {};
  },

  async setConsumerPreferredLayers({ peer }, { consumerId, spatialLayer, temporalLayer }) {
    await consumersOf(peer).setPreferredLayers(consumerId, {
      spatialLayer,
      ...(temporalLayer === undefined ? {} : { temporalLayer }),
    });
    return {};
  },

  changeDisplayName({ peer }, { displayName }) {
    if (peer.access.displayName) {
      throw notPermitted('another display name');
    }
    peer.rename(displayName);
    return {};
  },

  ping: () => ({}),

  sendChatMessage({ room, peer }, { text }) {
    if (!peer.access.permissions.chat) {
      throw notPermitted('chat messages');
    }
    return { messageId: room.sendChatMessage(peer.mustHaveJoined(), text) };
  },

  async mutePeer(context, { peerId, what }) {
    await moderationOf(context).mute(context.peer, peerId, what);
    return {};
  },

  removePeer(context, { peerId }) {
    moderationOf(context).remove(context.peer, peerId);
    return {};
  },

  closeRoom(context) {
    moderationOf(context).closeRoom(context.peer);
    return {};
  },

  setRoomLocked(context, { locked }) {
    moderationOf(context).setLocked(context.peer, locked);
    return {};
  },

  admitPeer(context, { peerId }) {
    moderationOf(context).admit(context.peer, peerId);
    return {};
  },

  denyPeer(context, { peerId }) {
    moderationOf(context).deny(context.peer, peerId);
    return {};
  },
};

/** @throws RoomError; any other error is the server's fault, unless mediasoup throws it (`toRoomError`) */
export function handle(context: Context, { method, data }: ValidRequest): unknown {
  const handler = handlers[method] as (context: Context, data: ValidRequest['data']) => unknown;
  return handler(context, data);
}

/** @throws RoomError unless the peer has joined and is a moderator */
function moderationOf({ room, peer }: Context): Moderation {
  if (!peer.access.permissions.moderate) {
    throw notPermitted('moderation');
  }
  peer.mustHaveJoined();
  return room.moderation;
}

function notPermitted(what: string): RoomError {
  return new RoomError(errorCodes.forbidden, `the token does not permit ${what}`);
}

function consumersOf(peer: Peer): Consumers {
  if (peer.subscriber) {
    return peer.subscriber;
  }
  throw new RoomError(errorCodes.forbidden, 'join with rtpCapabilities to consume');
}
