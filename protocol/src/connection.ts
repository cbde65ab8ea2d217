/** How a signalling connection begins and ends: its URL, its version, its close codes, its error codes. */
import { z } from 'zod';
import { peerIdSchema, roomIdSchema } from './ids.ts';
import { displayNameSchema } from './text.ts';

/** The path and the sub-protocol of the WebSocket. */
export const signallingPath = '/signalling';
export const signallingSubprotocol = 'protoo';

/**
 * The version of this contract. It is raised by changes that older clients can't handle, and not by changes that they
 * can ignore, such as a new notification or an optional field.
 */
export const protocolVersion = 1;

/** The oldest version that the server supports: it rejects clients of older ones with `closeCodes.outdated`. */
export const oldestProtocolVersion = 1;

const flag = z
  .enum(['0', '1'], 'expected 0 or 1')
  .optional()
  .transform((value) => value === '1');

/** The query of the WebSocket's URL. */
export const connectQuerySchema = z.object({
  roomId: roomIdSchema,
  peerId: peerIdSchema,
  /**
   * The version that the client implements, as `protocolVersion`. A client that doesn't send it is taken for version 1,
   * so that it too is rejected by name, not by a misunderstanding, once the server no longer supports that version.
   */
  protocolVersion: z
    .string()
    .regex(/^\d{1,6}$/, 'expected a whole number')
    .default('1')
    .transform(Number),
  /** 1: `welcome` should have a sending transport. */
  produce: flag,
  /** 1: `welcome` should have a receiving transport and the room's data channel. */
  consume: flag,
  /** 1: media over TCP only, for networks that block UDP. */
  forceTcp: flag,
  /** The secret of the last `welcome`: the new socket takes over its peer, if that has joined. */
  resume: z.string().max(64).optional(),
  /** 1, with `resume`: the client still has the transports of that `welcome`, and wants to keep them. */
  keep: flag,
  /** Identifies the client and grants permissions (RFC 7519), where the server requires tokens. */
  token: z.string().max(4096).optional(),
  /** Shown to moderators while the client waits in the lobby. `join` says it again. */
  displayName: displayNameSchema.optional(),
});

export type ConnectQuery = z.infer<typeof connectQuerySchema>;

/**
 * Why a WebSocket was closed (RFC 6455, section 7.4: applications may define 4000 to 4999). After 4000, 4400, 4401,
 * 4403 and 4426, there is no point in connecting to the same URL again.
 */
export const closeCodes = {
  /** RFC 6455: the peer has left. */
  normal: 1000,
  /** RFC 6455: a frame exceeds the size limit. */
  tooBig: 1009,
  /** RFC 6455: a fault of the server. Its log has the details. */
  internal: 1011,
  /** IANA registry: the server stops or restarts, or has no worker for this room. Reconnect. */
  restart: 1012,
  /** protoo: don't reconnect. */
  gone: 4000,
  /** Sent by a client that abandons this socket and resumes over another. */
  comingBack: 4001,
  /** A frame that isn't protoo, or an invalid URL. */
  badFrame: 4400,
  /** Not admitted: the peer id is in use, or the secret or the token is invalid (see `closeReasons`). */
  unauthorized: 4401,
  /** A moderator's decision (see `closeReasons`). */
  forbidden: 4403,
  /** Not joined in time, or not reading what is sent. */
  tooSlow: 4408,
  /** The client's protocol version is no longer supported. A web page should reload, once. */
  outdated: 4426,
  /** Too many requests, or the room or the server is full. */
  tooMany: 4429,
} as const;

export type CloseCode = (typeof closeCodes)[keyof typeof closeCodes];

/** The error code of a rejected request, with the meaning that it has in HTTP. The reason says what was expected. */
export const errorCodes = {
  /** The data doesn't match the method's schema, or mediasoup can't take it. */
  badRequest: 400,
  /** Not now, or not by this peer: it has not joined yet, or lacks the permission or the transport. */
  forbidden: 403,
  /** This peer has no transport, producer or consumer with that id. */
  notFound: 404,
  unknownMethod: 405,
  /** It exists already, or belongs to an earlier generation. */
  conflict: 409,
  /** A fault of the server. Its log has the details. */
  internal: 500,
} as const;

export type ErrorCode = (typeof errorCodes)[keyof typeof errorCodes];
