import type { RequestData, RequestMethod, RequestReply } from '@oneport/protocol';
import { errorCodes } from '@oneport/protocol';
import type { Consuming } from '../rooms/consuming.ts';
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
  join: ({ room, peer }, data) => room.join(peer, data),

  async connectWebRtcTransport({ peer }, { transportId, dtlsParameters }) {
    await peer.media.connect(transportId, dtlsParameters);
    return {};
  },

  async restartIce({ peer }, { transportId }) {
    return { iceParameters: await peer.media.restartIce(transportId) };
  },

  async produce({ room, peer }, data) {
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
    room.rename(peer, displayName);
    return {};
  },

  ping: () => ({}),

  sendChatMessage: ({ room, peer }, { text }) => ({ messageId: room.sendChatMessage(peer, text) }),
};

function consumingOf(peer: Peer): Consuming {
  if (peer.consuming) return peer.consuming;
  throw new RoomError(errorCodes.forbidden, 'join with rtpCapabilities to consume');
}
