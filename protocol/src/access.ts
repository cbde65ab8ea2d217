/** Permissions in a room, and the reasons for which clients are not admitted. */
import { z } from 'zod';
import { peerIdSchema } from './ids.ts';
import type { Source } from './peer.ts';
import { displayNameSchema } from './text.ts';

/** The media that a token can permit to publish. `screen` includes the screen's audio. */
export const publishableSchema = z.enum(['microphone', 'camera', 'screen']);

export type Publishable = z.infer<typeof publishableSchema>;

/** The permission that each source needs. */
export const permissionOfSource = {
  microphone: 'microphone',
  camera: 'camera',
  screen: 'screen',
  'screen-audio': 'screen',
} as const satisfies Record<Source, Publishable>;

export const permissionsSchema = z.object({
  publish: z.array(publishableSchema).max(3),
  /** To send chat messages. */
  chat: z.boolean(),
  /** To receive media and chat messages. */
  watch: z.boolean(),
  /** To mute and remove peers, to lock and close the room, and to admit waiting peers. */
  moderate: z.boolean(),
});

export type Permissions = z.infer<typeof permissionsSchema>;

/** A peer in the lobby of a room, as moderators see it. */
export const waitingPeerSchema = z.object({
  peerId: peerIdSchema,
  displayName: displayNameSchema,
});

export type WaitingPeer = z.infer<typeof waitingPeerSchema>;

/**
 * Close reasons that a client can recognize: with the close code `unauthorized` from `tokenMissing` on, `forbidden` from
 * `removed` on, and `outdated`.
 */
export const closeReasons = {
  tokenMissing: 'token: required by this server',
  tokenExpired: 'token: expired',
  tokenExpiresTooLate: 'token: exp is too far ahead (it is in seconds since 1970)',
  tokenTooEarly: 'token: not valid yet',
  tokenOtherRoom: 'token: for another room',
  tokenInvalid: 'token: invalid',
  idTaken: 'peerId: already in use in this room',
  removed: 'a moderator removed you from this room',
  removedByYourself: 'you removed this connection from another one',
  notAdmitted: 'a moderator declined your request',
  roomClosed: 'a moderator closed this room',
  outdated: 'protocolVersion: no longer supported, reload the page',
} as const;

export type CloseReason = (typeof closeReasons)[keyof typeof closeReasons];
