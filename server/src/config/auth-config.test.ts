import { describe, expect, test } from 'vitest';
import { loadConfig } from './config.ts';
import { ConfigError } from './settings.ts';

const secret = 'a-secret-of-enough-characters-for-this';

describe('where keys come from', () => {
  test.each([
    [
      { AUTH_JWT_SECRET: `${secret}, ${secret}2` },
      { kind: 'secrets', secrets: [secret, `${secret}2`] },
    ],
    [{ AUTH_JWT_SECRET_FILE: '/run/secret' }, { kind: 'secret-file', path: '/run/secret' }],
    [{ AUTH_JWKS_FILE: '/run/jwks' }, { kind: 'jwks-file', path: '/run/jwks' }],
    [
      { AUTH_JWKS_URL: 'https://issuer.example/jwks' },
      { kind: 'jwks-url', url: new URL('https://issuer.example/jwks') },
    ],
    [
      { AUTH_JWKS_URL: 'http://127.0.0.1:8080/jwks' },
      { kind: 'jwks-url', url: new URL('http://127.0.0.1:8080/jwks') },
    ],
  ])('%o', (env, keys) => {
    expect(loadConfig(env).auth.keys).toEqual(keys);
  });
});

test('what tokens must say', () => {
  const rules = { AUTH_ISSUER: 'me', AUTH_AUDIENCE: 'calls', AUTH_CLOCK_SKEW_SECONDS: '0' };
  expect(loadConfig({ AUTH_JWT_SECRET: secret, ...rules }).auth).toMatchObject({
    issuer: 'me',
    audience: 'calls',
    clockSkew: 0,
  });
});

describe('wrong is, with a message that says what is allowed,', () => {
  test.each([
    [{ AUTH_JWT_SECRET: 'hunter2' }, /AUTH_JWT_SECRET: expected secrets of 32 to 512/],
    [{ AUTH_JWT_SECRET: `${secret},hunter2` }, /AUTH_JWT_SECRET: expected secrets of 32/],
    [{ AUTH_JWT_SECRET: ',' }, /expected 1 to 10 secrets/],
    [{ AUTH_JWT_SECRET: secret, AUTH_JWKS_FILE: '/x' }, /unset all but one/],
    [{ AUTH_JWKS_URL: 'http://issuer.example/jwks' }, /expected an https URL/],
    [{ AUTH_JWKS_URL: 'https://me:hunter2@issuer.example/jwks' }, /expected an https URL/],
    [{ AUTH_ISSUER: 'me' }, /AUTH_ISSUER without keys/],
    [{ AUTH_JWT_SECRET: secret, AUTH_CLOCK_SKEW_SECONDS: '301' }, /from 0 to 300/],
    [{ AUTH_JWT_SECRET: secret, AUTH_CLOCK_SKEW_SECONDS: '-1' }, /from 0 to 300/],
  ])('%o', (env, message) => {
    expect(() => loadConfig(env)).toThrow(ConfigError);
    expect(() => loadConfig(env)).toThrow(message);
    if (!('AUTH_JWKS_URL' in env)) {
      expect(() => loadConfig(env)).not.toThrow(/hunter2|a-secret/);
    }
  });

  test('a misspelt name: rooms would be open in silence', () => {
    expect(() => loadConfig({ AUTH_JWT_SECERT: secret })).toThrow(
      /^ {2}AUTH_JWT_SECERT is no setting: did you mean AUTH_JWT_SECRET\?$/m,
    );
    expect(() => loadConfig({ AUTH_JWT_SECERT: secret })).not.toThrow(secret);
  });
});
