import { displayNameSchema, publishableSchema, roomIdSchema } from '@oneport/protocol';
import { z } from 'zod';
import type { Access } from './access.ts';

/** The claims beside times, issuer and audience (RFC 7519, section 4.1). Unknown claims are ignored. */
export const claimsSchema = z.object({
  /** One for each person: removing a peer from a room bans this subject. */
  sub: z
    .string()
    .regex(/^[\x21-\x7e]{1,255}$/, 'expected 1 to 255 printable ASCII characters without spaces'),
  room: z.union([roomIdSchema, z.literal('*')]),
  name: displayNameSchema.optional(),
  publish: z.array(publishableSchema).max(3).default(['microphone', 'camera', 'screen']),
  chat: z.boolean().default(true),
  watch: z.boolean().default(true),
  moderate: z.boolean().default(false),
  /** The client waits in the lobby until a moderator admits it. */
  lobby: z.boolean().default(false),
});

export type Claims = z.output<typeof claimsSchema>;

/**
 * @param claims - of a token whose signature was verified
 * @param expiresAt - milliseconds since 1970
 */
export function accessOf(
  { sub, name, publish, chat, watch, moderate, lobby }: Claims,
  expiresAt: number,
): Access {
  return {
    subject: sub,
    displayName: name,
    waits: lobby,
    expiresAt,
    permissions: { publish: [...new Set(publish)], chat, watch, moderate },
  };
}
