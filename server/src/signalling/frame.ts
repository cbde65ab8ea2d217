import { z } from 'zod';

/** protoo's three kinds of message (protoo.versatica.com), as they may come from a browser. */
const frameSchema = z.union([
  z.object({
    request: z.literal(true),
    id: z.int().min(0),
    method: z.string().min(1).max(64),
    data: z.unknown(),
  }),
  z.object({
    response: z.literal(true),
    id: z.int().min(0),
    ok: z.literal(true),
    data: z.unknown(),
  }),
  z.object({
    response: z.literal(true),
    id: z.int().min(0),
    ok: z.literal(false).optional(),
    errorCode: z.number().optional(),
    errorReason: z.string().max(1000).optional(),
  }),
  z.object({
    notification: z.literal(true),
    method: z.string().min(1).max(64),
    data: z.unknown(),
  }),
]);

export type Frame = z.infer<typeof frameSchema>;

/**
 * Reads a WebSocket text message.
 *
 * @param text - as it came
 * @returns undefined when it isn't JSON, or not one of protoo's messages
 */
export function parseFrame(text: string): Frame | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  return frameSchema.safeParse(value).data;
}
