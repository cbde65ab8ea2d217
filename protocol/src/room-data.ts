/**
 * The messages of the room's data producer: one ordered, reliable channel from the server to all peers. Peers send
 * theirs as signalling requests, so the server vouches for the sender.
 */
import { z } from 'zod';
import { peerIdSchema, uuidSchema } from './ids.ts';
import { chatTextSchema, displayNameSchema } from './text.ts';

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

export const roomDataSchema = z.discriminatedUnion('type', [chatMessageSchema]);

export type ChatMessage = z.infer<typeof chatMessageSchema>;
export type RoomData = z.infer<typeof roomDataSchema>;
