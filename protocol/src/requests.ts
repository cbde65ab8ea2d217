/** What a client may ask of the server: a schema for each request's data and for its reply. */
import { z } from 'zod';
import { publishableSchema } from './access.ts';
import { peerIdSchema, uuidSchema } from './ids.ts';
import { deviceSchema, kindOfSource, peerInfoSchema, sourceSchema } from './peer.ts';
import { chatMessageSchema } from './room-data.ts';
import { mediaKindSchema, rtpCapabilitiesSchema, rtpParametersSchema } from './rtp.ts';
import { chatTextSchema, displayNameSchema } from './text.ts';
import { dtlsParametersSchema, iceParametersSchema } from './transport.ts';

const nothing = z.object({});
const transport = z.strictObject({ transportId: uuidSchema });
const producer = z.strictObject({ producerId: uuidSchema });
const consumer = z.strictObject({ consumerId: uuidSchema });
const peer = z.strictObject({ peerId: peerIdSchema });

export const requests = {
  /**
   * The answer to each `welcome`, within 10 s. Before the first one only transports may be connected. When
   * `welcome` names the transports that the client has (it resumes), both sides bring producers and consumers
   * in line: the reply says what the server has, and what it doesn't name is to be closed or made again.
   */
  join: {
    data: z.strictObject({
      /** As `welcome` said: an answer to an earlier `welcome` is refused with 409. */
      generation: z.int().min(1),
      displayName: displayNameSchema,
      device: deviceSchema,
      /** Absent: this peer consumes no media. */
      rtpCapabilities: rtpCapabilitiesSchema.optional(),
      /** Those that the client has, when it resumes: the server closes all others, and offers them anew. */
      consumers: z.array(uuidSchema).max(10_000).optional(),
    }),
    reply: z.object({
      /** Everybody else who has joined. */
      peers: z.array(peerInfoSchema),
      /** The newest chat messages, oldest first. */
      chat: z.array(chatMessageSchema),
      /** What this peer sends, as far as the server knows: none, but when it resumes. */
      producers: z.array(
        z.object({ producerId: uuidSchema, source: sourceSchema, paused: z.boolean() }),
      ),
      /** Those of the request that are still there. */
      consumers: z.array(
        z.object({
          consumerId: uuidSchema,
          /** By the peer that receives. */
          paused: z.boolean(),
          /** By the peer that sends. */
          producerPaused: z.boolean(),
        }),
      ),
    }),
  },
  connectWebRtcTransport: {
    data: z.strictObject({ transportId: uuidSchema, dtlsParameters: dtlsParametersSchema }),
    reply: nothing,
  },
  restartIce: {
    data: transport,
    reply: z.object({ iceParameters: iceParametersSchema }),
  },
  produce: {
    data: z
      .strictObject({
        transportId: uuidSchema,
        /** Chosen by the client, so that it needn't wait for the reply. */
        producerId: uuidSchema,
        kind: mediaKindSchema,
        source: sourceSchema,
        rtpParameters: rtpParametersSchema,
        paused: z.boolean().optional(),
      })
      // mediasoup compares neither: it would take an Opus camera.
      .refine(({ kind, source }) => kind === kindOfSource[source], {
        path: ['kind'],
        message: "expected the source's kind",
      })
      .refine(
        ({ kind, rtpParameters: { codecs } }) =>
          codecs.every(({ mimeType }) => mimeType.startsWith(`${kind}/`)),
        { path: ['rtpParameters', 'codecs'], message: 'expected codecs of the kind' },
      ),
    reply: nothing,
  },
  closeProducer: { data: producer, reply: nothing },
  pauseProducer: { data: producer, reply: nothing },
  resumeProducer: { data: producer, reply: nothing },
  pauseConsumer: { data: consumer, reply: nothing },
  resumeConsumer: { data: consumer, reply: nothing },
  setConsumerPreferredLayers: {
    data: z.strictObject({
      consumerId: uuidSchema,
      spatialLayer: z.int().min(0).max(7),
      temporalLayer: z.int().min(0).max(7).optional(),
    }),
    reply: nothing,
  },
  changeDisplayName: {
    data: z.strictObject({ displayName: displayNameSchema }),
    reply: nothing,
  },
  /** Is anybody there? A browser is not told of WebSocket's own pings (RFC 6455, section 5.5.2). */
  ping: { data: z.strictObject({}), reply: nothing },
  sendChatMessage: {
    data: z.strictObject({ text: chatTextSchema }),
    reply: z.object({ messageId: uuidSchema }),
  },

  // From here on: for moderators. Others get 403.
  /** Pauses what a peer sends; it is told, and may go on when it wants to. */
  mutePeer: {
    data: z.strictObject({ peerId: peerIdSchema, what: publishableSchema }),
    reply: nothing,
  },
  /** Ends a peer's place. Whoever it is can't come back as long as the room lives. */
  removePeer: { data: peer, reply: nothing },
  /** Sends everybody away. */
  closeRoom: { data: z.strictObject({}), reply: nothing },
  /** Locked: who comes waits in the lobby. Those inside stay. */
  setRoomLocked: { data: z.strictObject({ locked: z.boolean() }), reply: nothing },
  /** Lets somebody in who waits in the lobby. */
  admitPeer: { data: peer, reply: nothing },
  /** Sends somebody away who waits in the lobby. It may ask again. */
  denyPeer: { data: peer, reply: nothing },
} as const;

export type RequestMethod = keyof typeof requests;
export type RequestData<M extends RequestMethod> = z.infer<(typeof requests)[M]['data']>;
export type RequestReply<M extends RequestMethod> = z.infer<(typeof requests)[M]['reply']>;
