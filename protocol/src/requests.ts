/** The requests of clients: a schema for each request's data and for its reply. */
import { z } from 'zod';
import { publishableSchema } from './access.ts';
import { peerIdSchema, uuidSchema } from './ids.ts';
import { deviceSchema, kindOfSource, peerInfoSchema, sourceSchema } from './peer.ts';
import { mediaKindSchema, rtpCapabilitiesSchema, rtpParametersSchema } from './rtp.ts';
import { chatMessageSchema } from './server-messages.ts';
import { chatTextSchema, displayNameSchema } from './text.ts';
import { dtlsParametersSchema, iceParametersSchema } from './transport.ts';

const nothing = z.object({});
const transport = z.strictObject({ transportId: uuidSchema });
const producer = z.strictObject({ producerId: uuidSchema });
const consumer = z.strictObject({ consumerId: uuidSchema });
const peer = z.strictObject({ peerId: peerIdSchema });

/** Before `welcome`, all of them are rejected with 403. */
export const requests = {
  /**
   * Answers each `welcome`, within 10 s. Before the first `join`, a client can only connect transports. When `welcome`
   * names the transports that the client has (it resumes), both sides bring producers and consumers in line: the reply
   * says what the server has, and the client closes or creates again what it doesn't name.
   */
  join: {
    data: z.strictObject({
      /** That of `welcome`. An answer to an earlier `welcome` is rejected with 409. */
      generation: z.int().min(1),
      displayName: displayNameSchema,
      device: deviceSchema,
      /** Absent: the peer consumes no media. */
      rtpCapabilities: rtpCapabilitiesSchema.optional(),
      /** The consumers that a resuming client has: the server closes all others, and offers their producers again. */
      consumers: z.array(uuidSchema).max(10_000).optional(),
    }),
    reply: z.object({
      /** The other peers that have joined. */
      peers: z.array(peerInfoSchema),
      /** The newest chat messages, oldest first. */
      chat: z.array(chatMessageSchema),
      /** The peer's own producers on the server. Empty unless it resumes. */
      producers: z.array(
        z.object({ producerId: uuidSchema, source: sourceSchema, paused: z.boolean() }),
      ),
      /** Those of the request that still exist. */
      consumers: z.array(
        z.object({
          consumerId: uuidSchema,
          /** By the receiving peer. */
          paused: z.boolean(),
          /** By the sending peer. */
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
        /** Chosen by the client, so that it need not wait for the reply. */
        producerId: uuidSchema,
        kind: mediaKindSchema,
        source: sourceSchema,
        rtpParameters: rtpParametersSchema,
        paused: z.boolean().optional(),
      })
      // mediasoup checks neither: it would accept an Opus camera.
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
  /** Checks that the connection is alive: browsers hide WebSocket's own pings (RFC 6455, section 5.5.2) from pages. */
  ping: { data: z.strictObject({}), reply: nothing },
  sendChatMessage: {
    data: z.strictObject({ text: chatTextSchema }),
    reply: z.object({ messageId: uuidSchema }),
  },

  // Moderators only. Other peers get 403.
  /** Pauses what a peer sends. The peer is notified, and may resume by itself. */
  mutePeer: {
    data: z.strictObject({ peerId: peerIdSchema, what: publishableSchema }),
    reply: nothing,
  },
  /** Removes a peer, whose subject is not admitted again while the room is open. */
  removePeer: { data: peer, reply: nothing },
  /** Removes all peers. */
  closeRoom: { data: z.strictObject({}), reply: nothing },
  /** While the room is locked, new clients wait in the lobby. */
  setRoomLocked: { data: z.strictObject({ locked: z.boolean() }), reply: nothing },
  /** Admits a peer that waits in the lobby. */
  admitPeer: { data: peer, reply: nothing },
  /** Rejects a peer that waits in the lobby. It may try again. */
  denyPeer: { data: peer, reply: nothing },
} as const;

export type RequestMethod = keyof typeof requests;
export type RequestData<M extends RequestMethod> = z.infer<(typeof requests)[M]['data']>;
export type RequestReply<M extends RequestMethod> = z.infer<(typeof requests)[M]['reply']>;
