import { fail, type Values } from './settings.ts';

export interface AuthConfig {
  /** Where the keys are that tokens are checked with. none: rooms are open. */
  keys:
    | { kind: 'none' }
    | { kind: 'secrets'; secrets: string[] }
    | { kind: 'secret-file'; path: string }
    | { kind: 'jwks-url'; url: URL }
    | { kind: 'jwks-file'; path: string };
  /** What tokens must say, if anything. */
  issuer: string | undefined;
  audience: string | undefined;
  /** Seconds that the issuer's clock may differ from ours. */
  clockSkew: number;
}

const sources = [
  'AUTH_JWT_SECRET',
  'AUTH_JWT_SECRET_FILE',
  'AUTH_JWKS_URL',
  'AUTH_JWKS_FILE',
] as const satisfies (keyof Values)[];

/**
 * Who may enter rooms.
 *
 * @throws ConfigError when keys come from two places, or rules have no keys to go with
 */
export function authOf(values: Values): AuthConfig {
  const given = sources.filter((name) => values[name] !== undefined);
  if (given.length > 1) {
    fail([`${given.join(' and ')}: unset all but one of them`]);
  }
  const rules = (['AUTH_ISSUER', 'AUTH_AUDIENCE'] as const).filter((name) => values[name]);
  if (given.length === 0 && rules.length > 0) {
    // Without keys, rooms would be open, and whoever set this believes that they aren't.
    fail([`${rules.join(' and ')} without keys: set one of ${sources.join(', ')} too`]);
  }
  return {
    keys: keysOf(values),
    issuer: values.AUTH_ISSUER,
    audience: values.AUTH_AUDIENCE,
    clockSkew: values.AUTH_CLOCK_SKEW_SECONDS ?? 5,
  };
}

function keysOf(values: Values): AuthConfig['keys'] {
  const { AUTH_JWT_SECRET, AUTH_JWT_SECRET_FILE, AUTH_JWKS_URL, AUTH_JWKS_FILE } = values;
  if (AUTH_JWT_SECRET) {
    return { kind: 'secrets', secrets: AUTH_JWT_SECRET };
  }
  if (AUTH_JWT_SECRET_FILE) {
    return { kind: 'secret-file', path: AUTH_JWT_SECRET_FILE };
  }
  if (AUTH_JWKS_URL) {
    return { kind: 'jwks-url', url: AUTH_JWKS_URL };
  }
  if (AUTH_JWKS_FILE) {
    return { kind: 'jwks-file', path: AUTH_JWKS_FILE };
  }
  return { kind: 'none' };
}
