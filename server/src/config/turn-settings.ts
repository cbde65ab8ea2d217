/** The rows of the table of settings that are about TURN (docs/running-in-production.md). */
import { z } from 'zod';

/** RFC 7065, without what it allows in place of a name or an address. */
const turnUrl = /^turns?:([\w.-]+|\[[\da-fA-F:.]+\])(:\d{1,5})?(\?transport=(udp|tcp))?$/;

export const turnVariables = {
  TURN_URLS: {
    default: 'none: browsers reach the server itself, by UDP or TCP',
    meaning:
      'TURN servers that browsers may use, split by commas: turn:turn.example:3478, turns:turn.example:443?transport=tcp. Needs TURN_SECRET.',
    schema: z
      .string()
      .transform((text) => text.split(',').map((url) => url.trim()))
      .pipe(
        z
          .array(z.string().regex(turnUrl, 'expected URLs such as turn:turn.example:3478'))
          .max(8, 'expected 8 at most'),
      ),
  },
  TURN_SECRET: {
    default: 'none',
    meaning:
      "What peers' passwords for them are made of, good for a day: 16 to 512 characters, the same as coturn's static-auth-secret.",
    schema: z
      .string()
      .min(16, 'expected 16 characters or more')
      .max(512, 'expected 512 characters at most'),
    secret: true,
  },
} as const;
