/** What a peer may do in a room, what a moderator does, and why somebody isn't let in. */
import { z } from 'zod';
import { peerIdSchema } from './ids.ts';
import type { Source } from './peer.ts';
import { displayNameSchema } from './text.ts';

/** What a token can allow to be sent. `screen` includes the screen's sound. */
export const publishableSchema = z.enum(['microphone', 'camera', 'screen']);

export type Publishable = z.infer<typeof publishableSchema>;

/** Which permission each source takes. */
export const permissionOfSource = {
  microphone: 'microphone',
  camera: 'camera',
  screen: 'screen',
  'screen-audio': 'screen',
} as const satisfies Record<Source, Publishable>;

export const permissionsSchema = z.object({
  publish: z.array(publishableSchema).max(3),
  /** To send data: chat messages. */
  chat: z.boolean(),
  /** To receive: media, and what is written. */
  watch: z.boolean(),
  /** To mute, remove, close, lock, and let in. */
  moderate: z.boolean(),
});

export type Permissions = z.infer<typeof permissionsSchema>;

/** Somebody in the lobby of a room, as its moderators see them. */
export const waitingPeerSchema = z.object({
  peerId: peerIdSchema,
  displayName: displayNameSchema,
});

export type WaitingPeer = z.infer<typeof waitingPeerSchema>;

/** Reasons that come with the close codes `refused` and, from `removed` on, `turnedAway`: an app can say more then. */
export const refusals = {
  tokenMissing: 'token: required by this server',
  tokenExpired: 'token: expired',
  tokenTooEarly: 'token: not valid yet',
  tokenOtherRoom: 'token: for another room',
  tokenInvalid: 'token: invalid',
  idTaken: 'peerId: already in use in this room',
  removed: 'a moderator removed you from this room',
  notAdmitted: 'a moderator declined your request',
  roomClosed: 'a moderator closed this room',
} as const;

export type Refusal = (typeof refusals)[keyof typeof refusals];
