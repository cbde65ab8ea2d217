/** The rows of the table of settings that are about tokens (docs/tokens.md). */
import { z } from 'zod';
import { parseSecrets } from './jwt-secrets.ts';

const secrets = z.string().transform((text, context) => {
  try {
    return parseSecrets(text);
  } catch (error) {
    context.addIssue({ code: 'custom', message: error instanceof Error ? error.message : '' });
    return z.NEVER;
  }
});

const loopback = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

const url = z
  .string()
  .refine(
    (text) => URL.canParse(text) && isPrivate(new URL(text)),
    'expected an https URL (http only for this machine itself: whoever can change the answer makes tokens)',
  )
  .transform((text) => new URL(text));

function isPrivate({ protocol, hostname, username, password }: URL): boolean {
  if (username || password) {
    return false;
  }
  return protocol === 'https:' || (protocol === 'http:' && loopback.test(hostname));
}

const text = z.string().max(512);

export const authVariables = {
  AUTH_JWT_SECRET: {
    default: 'none: rooms are open',
    meaning:
      'Secrets that tokens may be signed with (HS256): 32 to 512 characters each, several split by commas while one takes the place of another. With it, rooms ask for a token (docs/tokens.md).',
    schema: secrets,
    secret: true,
  },
  AUTH_JWT_SECRET_FILE: {
    default: 'none',
    meaning: 'Instead: a file of such secrets, one a line, read anew whenever it has changed.',
    schema: z.string().min(1),
  },
  AUTH_JWKS_URL: {
    default: 'none',
    meaning:
      "Instead: where the public keys of the tokens' issuer are (JWK Set, RFC 7517), fetched anew every 10 minutes and at unknown keys.",
    schema: url,
  },
  AUTH_JWKS_FILE: {
    default: 'none',
    meaning: 'Instead: a file with such keys, read anew whenever it has changed.',
    schema: z.string().min(1),
  },
  AUTH_ISSUER: {
    default: 'any',
    meaning: "What a token's iss must be.",
    schema: text,
  },
  AUTH_AUDIENCE: {
    default: 'any',
    meaning: "What a token's aud must be or contain: set it where the issuer signs for others too.",
    schema: text,
  },
  AUTH_CLOCK_SKEW_SECONDS: {
    default: '5',
    meaning:
      "How far the issuer's clock may be from this machine's, in seconds, 0 to 300: so much longer, and earlier, a token is good.",
    schema: z
      .string()
      .regex(/^\d{1,3}$/, 'expected a whole number from 0 to 300')
      .transform(Number)
      .refine((n) => n <= 300, 'expected a whole number from 0 to 300'),
  },
} as const;
