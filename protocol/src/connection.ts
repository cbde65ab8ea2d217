/** How a signalling connection begins and ends: its URL, its close codes, its error codes. */
import { z } from 'zod';
import { peerIdSchema, roomIdSchema } from './ids.ts';
import { displayNameSchema } from './text.ts';

/** The WebSocket's path and sub-protocol. */
export const signallingPath = '/signalling';
export const signallingSubprotocol = 'protoo';

const flag = z
  .enum(['0', '1'], 'expected 0 or 1')
  .optional()
  .transform((value) => value === '1');

/** The query of the WebSocket's URL. */
export const connectQuerySchema = z.object({
  roomId: roomIdSchema,
  peerId: peerIdSchema,
  /** 1: `welcome` shall carry a sending transport. */
  produce: flag,
  /** 1: `welcome` shall carry a receiving transport and the room's data. */
  consume: flag,
  /** 1: media over TCP only, for networks that let no UDP out. */
  forceTcp: flag,
  /** The secret from the last `welcome`: this socket takes the place of that one. */
  resume: z.string().max(64).optional(),
  /** 1, with `resume`: the transports of that `welcome` are still there, and shall go on. */
  keep: flag,
  /** Who this is and what it may do (RFC 7519), where the server asks for it. */
  token: z.string().max(4096).optional(),
  /** What moderators read while this peer waits in the lobby. `join` says it again. */
  displayName: displayNameSchema.optional(),
});

export type ConnectQuery = z.infer<typeof connectQuerySchema>;

/**
 * Why a WebSocket was closed (RFC 6455, section 7.4: 4000 to 4999 are ours to define).
 * After 4000, 4400, 4401 and 4403 there is no point in trying again with the same URL.
 */
export const closeCodes = {
  /** RFC 6455: the peer has left. */
  normal: 1000,
  /** RFC 6455: a frame over the size limit. */
  tooBig: 1009,
  /** RFC 6455: a fault of the server's. Its log has the details. */
  internal: 1011,
  /** IANA registry: the server stops or restarts, or has no worker for this room. Come back. */
  restart: 1012,
  /** protoo: don't come back. */
  gone: 4000,
  /** A client's: it gives this socket up, and comes back by another. */
  comingBack: 4001,
  /** A frame that isn't protoo, or a URL that isn't ours. */
  badFrame: 4400,
  /** Not allowed in: the peer id is taken, the secret is wrong, or the token (see `refusals`). */
  refused: 4401,
  /** A moderator's decision, see `refusals`. */
  turnedAway: 4403,
  /** Not joined in time, or not reading what is sent. */
  tooSlow: 4408,
  /** Too many requests, or the room or server is full. */
  tooMany: 4429,
} as const;

export type CloseCode = (typeof closeCodes)[keyof typeof closeCodes];

/** The error code of a refused request: HTTP's meanings. The reason says what was expected. */
export const errorCodes = {
  /** The data is not of the method's form, or mediasoup can't take it. */
  badRequest: 400,
  /** Not now or not by this peer: not joined yet, no such transport was asked for. */
  forbidden: 403,
  /** No transport, producer or consumer of this peer has that id. */
  notFound: 404,
  /** No such method. */
  unknownMethod: 405,
  /** It exists already, or belongs to an earlier connection. */
  conflict: 409,
  /** A fault of the server's. Its log has the details. */
  internal: 500,
} as const;

export type ErrorCode = (typeof errorCodes)[keyof typeof errorCodes];
