/** The messages of the server: requests that a client must answer, notifications, and those of the data channel. */
import { z } from 'zod';
import { permissionsSchema, publishableSchema, waitingPeerSchema } from './access.ts';
import { peerIdSchema, roomIdSchema, uuidSchema } from './ids.ts';
import { peerInfoSchema, sourceSchema } from './peer.ts';
import { mediaKindSchema, rtpCapabilitiesSchema, rtpParametersSchema } from './rtp.ts';
import { chatTextSchema, displayNameSchema, lineSchema } from './text.ts';
import { iceServerSchema, sctpStreamParametersSchema, transportSchema } from './transport.ts';

export const consumerOfferSchema = z.object({
  consumerId: uuidSchema,
  producerId: uuidSchema,
  /** The sending peer. */
  peerId: peerIdSchema,
  source: sourceSchema,
  kind: mediaKindSchema,
  type: z.enum(['simple', 'simulcast', 'svc']),
  rtpParameters: rtpParametersSchema,
  producerPaused: z.boolean(),
});

export const serverRequests = {
  /** All new producers since the last batch, audio first. */
  newConsumers: {
    data: z.object({
      generation: z.int().min(1),
      consumers: z.array(consumerOfferSchema).min(1),
    }),
    reply: z.strictObject({
      /** The consumers that the client accepts: the server resumes these and closes the others. */
      accepted: z.array(uuidSchema).max(1024),
      /** Those of the others whose producers the client can't receive, and why: the server offers them no more. */
      failed: z
        .array(z.strictObject({ consumerId: uuidSchema, reason: lineSchema(200) }))
        .max(1024)
        .optional(),
    }),
  },
} as const;

export const unsupportedProducerSchema = z.object({
  peerId: peerIdSchema,
  source: sourceSchema,
  /** Such as `VP8`, for people to read. */
  codec: lineSchema(32),
  /** true: the receiving browser supports the codec, but failed to receive the producer. */
  failed: z.boolean().optional(),
});

/** One day: longer than a call, and well below the maximum of a timer (2^31 ms). */
export const longestDrainSeconds = 86_400;

const consumer = z.object({ consumerId: uuidSchema });

export const notifications = {
  /** The peer is in the lobby. `welcome` follows when a moderator admits it. */
  waiting: z.object({}),
  /**
   * All that a client needs to start ICE, DTLS and `join` at once. It is the first message on each socket, but for
   * `waiting`, and is sent again with new transports each time that the peer moves to another worker.
   */
  welcome: z.object({
    /** Counts the peer's `welcome` messages: what belongs to an earlier generation is no longer valid. */
    generation: z.int().min(1),
    /**
     * With it in the URL (`resume`), a new socket takes over the peer. It can be used until the `welcome` that follows
     * has been answered, because that one may get lost.
     */
    resumeSecret: z.string().min(22).max(64),
    room: z.object({ roomId: roomIdSchema, locked: z.boolean() }),
    permissions: permissionsSchema,
    /** The name in the token: no other name is accepted. */
    displayName: displayNameSchema.optional(),
    /** For people to read. No client may depend on it. */
    portMode: z.enum(['multi-port', 'single-port', 'shared-port']),
    routerRtpCapabilities: rtpCapabilitiesSchema,
    iceServers: z.array(iceServerSchema),
    sendTransport: transportSchema.optional(),
    recvTransport: transportSchema.optional(),
    /** The room's data channel (`roomDataSchema`), on `recvTransport`. */
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
  /** May arrive before the client has handled the batch with this consumer. */
  consumerClosed: consumer,
  /** The sending peer or a moderator has paused the producer. */
  consumerPaused: consumer,
  consumerResumed: consumer,
  consumerLayersChanged: z.object({
    consumerId: uuidSchema,
    /** null: no layer is being sent. */
    layers: z
      .object({ spatialLayer: z.int().min(0), temporalLayer: z.int().min(0).optional() })
      .nullable(),
  }),
  /**
   * All producers that the receiving peer gets no consumer of, because it supports none of their codecs or has failed
   * to receive them. Sent when one is added or closed.
   */
  unsupportedProducers: z.object({ producers: z.array(unsupportedProducerSchema) }),
  /** To the sender of such a producer; `peerId` can't receive it. */
  producerUnsupportedBy: unsupportedProducerSchema,
  /** null: no peer speaks. */
  activeSpeaker: z.object({ peerId: peerIdSchema.nullable() }),
  /** A moderator has paused what the receiving peer sends. */
  muted: z.object({ what: publishableSchema }),
  roomLocked: z.object({ locked: z.boolean() }),
  /** To moderators: all peers in the lobby, the longest waiting first. */
  lobbyChanged: z.object({ waiting: z.array(waitingPeerSchema) }),
  /**
   * The server stops when its rooms have closed, or after this many seconds. It then closes sockets with
   * `closeCodes.restart`, and clients reconnect, perhaps to another instance. Until then calls continue and dropped
   * sockets can resume, but no room can be opened on this server.
   */
  serverStopping: z.object({ inSeconds: z.int().min(0).max(longestDrainSeconds) }),
  /** The client sent an invalid notification, which has no reply. */
  protocolError: z.object({ method: z.string(), reason: z.string() }),
} as const;

export const chatMessageSchema = z.object({
  type: z.literal('chat'),
  messageId: uuidSchema,
  peerId: peerIdSchema,
  /** At the time of the message: its sender may have left since. */
  displayName: displayNameSchema,
  /** Milliseconds since 1970 by the server's clock. */
  time: z.int().min(0),
  text: chatTextSchema,
});

/**
 * The messages of the room's data producer: one ordered, reliable channel from the server to all peers. Peers send
 * theirs as signalling requests, so the server vouches for the sender.
 */
export const roomDataSchema = z.discriminatedUnion('type', [chatMessageSchema]);

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
export type UnsupportedProducer = z.infer<typeof unsupportedProducerSchema>;
export type Welcome = NotificationData<'welcome'>;
export type PortMode = Welcome['portMode'];
export type ChatMessage = z.infer<typeof chatMessageSchema>;
export type RoomData = z.infer<typeof roomDataSchema>;
