import { z } from 'zod';

/** Room and peer ids are part of URLs, logs and metrics. */
const id = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,64}$/, 'expected 1 to 64 characters out of A-Z a-z 0-9 _ -');

export const roomIdSchema = id;
export const peerIdSchema = id;

/** Ids that mediasoup creates, and producer ids, which the producing client chooses. */
export const uuidSchema = z.uuid();

export type RoomId = z.infer<typeof roomIdSchema>;
export type PeerId = z.infer<typeof peerIdSchema>;
