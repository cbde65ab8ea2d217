import { z } from 'zod';
import { peerIdSchema } from './ids.ts';
import { displayNameSchema, lineSchema } from './text.ts';

/** The browser or program that a peer uses, for people to read. */
export const deviceSchema = z.strictObject({
  /** Short and stable, such as `chrome`, `firefox`, `safari`, `bot`. */
  flag: z.string().regex(/^[a-z0-9-]{1,32}$/, 'expected 1 to 32 characters out of a-z 0-9 -'),
  name: lineSchema(64),
  version: lineSchema(64).optional(),
});

export const peerInfoSchema = z.object({
  peerId: peerIdSchema,
  displayName: displayNameSchema,
  device: deviceSchema,
});

/** The source of a producer. A peer has at most one producer per source. */
export const sourceSchema = z.enum(['microphone', 'camera', 'screen', 'screen-audio']);

export type Device = z.infer<typeof deviceSchema>;
export type PeerInfo = z.infer<typeof peerInfoSchema>;
export type Source = z.infer<typeof sourceSchema>;

export const kindOfSource = {
  microphone: 'audio',
  camera: 'video',
  screen: 'video',
  'screen-audio': 'audio',
} as const satisfies Record<Source, 'audio' | 'video'>;
