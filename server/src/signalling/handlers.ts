import type { RequestData, RequestMethod, RequestReply } from '@oneport/protocol';
import { errorCodes } from '@oneport/protocol';
import { mayPublish } from '../access/access.ts';
import type { Consuming } from '../rooms/consumers.ts';
import type { Moderation } from '../rooms/moderation.ts';
import type { Peer } from '../rooms/peer.ts';
import type { Room } from '../rooms/room.ts';
import { RoomError } from '../rooms/room-error.ts';

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

/** Requests in, room calls out. The data has been validated; what a handler throws is the answer. */
export const handlers: Handlers = {
  join({ room, peer }, data) {
    const { displayName = data.displayName, permissions } = peer.access;
    const reply = room.join(peer, { ...data, displayName });
    room.moderation.tell(peer);
    return permissions.watch ? reply : { ...reply, chat: [] };
  },

  async connectWebRtcTransport({ peer }, { transportId, dtlsParameters }) {
    await peer.media.connect(transportId, dtlsParameters);
    return {};
  },

  async restartIce({ peer }, { transportId }) {
    return { iceParameters: await peer.media.restartIce(transportId) };
  },

  async produce({ room, peer }, data) {
    if (!mayPublish(peer.access, data.source)) {
      throw notAllowed(`to send the ${data.source}`);
    }
    await room.produce(peer, data);
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
    await peer.media.producer(producerId).resume();
    return {};
  },

  async pauseConsumer({ peer }, { consumerId }) {
    await consumingOf(peer).pause(consumerId);
    return {};
  },

  async resumeConsumer({ peer }, { consumerId }) {
    await consumingOf(peer).resume(consumerId);
    return {};
  },

  async setConsumerPreferredLayers({ peer }, { consumerId, spatialLayer, temporalLayer }) {
    await consumingOf(peer).setPreferredLayers(consumerId, {
      spatialLayer,
      ...(temporalLayer === undefined ? {} : { temporalLayer }),
    });
    return {};
  },

  changeDisplayName({ room, peer }, { displayName }) {
    if (peer.access.displayName) {
      throw notAllowed('another name');
    }
    room.rename(peer, displayName);
    return {};
  },

  ping: () => ({}),

  sendChatMessage({ room, peer }, { text }) {
    if (!peer.access.permissions.chat) {
      throw notAllowed('to write');
    }
    return { messageId: room.sendChatMessage(peer, text) };
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

/** @throws RoomError unless the peer has joined, and may */
function moderationOf({ room, peer }: Context): Moderation {
  if (!peer.access.permissions.moderate) {
    throw notAllowed('to moderate');
  }
  if (!peer.joined) {
    throw new RoomError(errorCodes.forbidden, 'join first');
  }
  return room.moderation;
}

function notAllowed(what: string): RoomError {
  return new RoomError(errorCodes.forbidden, `your token does not allow you ${what}`);
}

function consumingOf(peer: Peer): Consuming {
  if (peer.consuming) {
    return peer.consuming;
  }
  throw new RoomError(errorCodes.forbidden, 'join with rtpCapabilities to consume');
}
