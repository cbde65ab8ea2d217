import { z } from 'zod';

/** What may stand in a room or peer id: it goes into URLs, logs and metrics, so nothing odd. */
const id = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,64}$/, 'expected 1 to 64 characters out of A-Z a-z 0-9 _ -');

export const roomIdSchema = id;
export const peerIdSchema = id;

/** Ids that mediasoup makes, and producer ids, which the producing peer chooses. */
export const uuidSchema = z.uuid();

export type RoomId = z.infer<typeof roomIdSchema>;
export type PeerId = z.infer<typeof peerIdSchema>;
