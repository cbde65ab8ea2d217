/** What the server sends by itself: requests that a client must answer, and notifications. */
import { z } from 'zod';
import { permissionsSchema, publishableSchema, waitingPeerSchema } from './access.ts';
import { peerIdSchema, roomIdSchema, uuidSchema } from './ids.ts';
import { peerInfoSchema, sourceSchema } from './peer.ts';
import { mediaKindSchema, rtpCapabilitiesSchema, rtpParametersSchema } from './rtp.ts';
import { displayNameSchema } from './text.ts';
import { iceServerSchema, sctpStreamParametersSchema, transportSchema } from './transport.ts';

export const consumerOfferSchema = z.object({
  consumerId: uuidSchema,
  producerId: uuidSchema,
  /** Whose it is. */
  peerId: peerIdSchema,
  source: sourceSchema,
  kind: mediaKindSchema,
  type: z.enum(['simple', 'simulcast', 'svc']),
  rtpParameters: rtpParametersSchema,
  producerPaused: z.boolean(),
});

export const serverRequests = {
  /** All that is new since the last batch, audio first. */
  newConsumers: {
    data: z.object({
      generation: z.int().min(1),
      consumers: z.array(consumerOfferSchema).min(1),
    }),
    /** Which of them the client has taken: these are resumed, the others closed. */
    reply: z.strictObject({ accepted: z.array(uuidSchema).max(1024) }),
  },
} as const;

/** A day. Longer than a call, and a timer's most (2^31 ms) is far. */
export const longestDrainSeconds = 86_400;

const consumer = z.object({ consumerId: uuidSchema });

export const notifications = {
  /** Before `welcome`, which comes when a moderator lets this peer in: it is in the lobby. */
  waiting: z.object({}),
  /**
   * All that a client needs to start ICE, DTLS and `join` at once: the first message on each socket, and one more
   * each time that the room has moved to another worker, with transports there.
   */
  welcome: z.object({
    /** Counts the connections of this peer: what belongs to an earlier one is no longer valid. */
    generation: z.int().min(1),
    /**
     * Single use: with it in the URL (`resume`), a new socket takes this one's place. It is used up when the
     * `welcome` that follows has been answered: until then that one may be lost.
     */
    resumeSecret: z.string().min(22).max(64),
    room: z.object({ roomId: roomIdSchema, locked: z.boolean() }),
    permissions: permissionsSchema,
    /** What the token says that this peer is called: another name is not taken. */
    displayName: displayNameSchema.optional(),
    /** For people to read. Nothing may depend on it. */
    portMode: z.enum(['multi-port', 'single-port', 'shared-port']),
    routerRtpCapabilities: rtpCapabilitiesSchema,
    iceServers: z.array(iceServerSchema),
    sendTransport: transportSchema.optional(),
    recvTransport: transportSchema.optional(),
    /** The room's data (see room-data.ts), on `recvTransport`. */
    dataConsumer: z
      .object({
        dataConsumerId: uuidSchema,
        dataProducerId: uuidSchema,
        sctpStreamParameters: sctpStreamParametersSchema,
        label: z.string(),
        protocol: z.string(),
      })
      .optional(),
  }),
  newPeer: peerInfoSchema,
  peerClosed: z.object({ peerId: peerIdSchema }),
  peerDisplayNameChanged: z.object({ peerId: peerIdSchema, displayName: displayNameSchema }),
  /** May come before the batch that its consumer is in has been handled. */
  consumerClosed: consumer,
  /** Its producer was paused: nothing to see or hear until it is resumed. */
  consumerPaused: consumer,
  consumerResumed: consumer,
  consumerLayersChanged: z.object({
    consumerId: uuidSchema,
    /** null: no layer is being sent. */
    layers: z
      .object({ spatialLayer: z.int().min(0), temporalLayer: z.int().min(0).optional() })
      .nullable(),
  }),
  /** null: nobody speaks. */
  activeSpeaker: z.object({ peerId: peerIdSchema.nullable() }),
  /** A moderator has paused what this peer sends. */
  muted: z.object({ what: publishableSchema }),
  roomLocked: z.object({ locked: z.boolean() }),
  /** To moderators: all who wait in the lobby now, the longest waiting first. */
  lobbyChanged: z.object({ waiting: z.array(waitingPeerSchema) }),
  /**
   * The server stops when the room has ended, and at the latest in so many seconds. Sockets are then closed with
   * `closeCodes.restart`: come back, to another instance perhaps. Until then the call goes on, and a dropped socket
   * may still resume; a room that isn't there any more can't begin again here.
   */
  serverStopping: z.object({ inSeconds: z.int().min(0).max(longestDrainSeconds) }),
  /** A notification of the client's was wrong; there is no reply that could say so. */
  protocolError: z.object({ method: z.string(), reason: z.string() }),
} as const;

export type ServerRequestMethod = keyof typeof serverRequests;
export type ServerRequestData<M extends ServerRequestMethod> = z.infer<
  (typeof serverRequests)[M]['data']
>;
export type ServerRequestReply<M extends ServerRequestMethod> = z.infer<
  (typeof serverRequests)[M]['reply']
>;
export type NotificationMethod = keyof typeof notifications;
export type NotificationData<M extends NotificationMethod> = z.infer<(typeof notifications)[M]>;
export type ConsumerOffer = z.infer<typeof consumerOfferSchema>;
export type Welcome = NotificationData<'welcome'>;
export type PortMode = Welcome['portMode'];
