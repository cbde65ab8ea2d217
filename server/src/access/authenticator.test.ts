import { closeReasons } from '@oneport/protocol';
import { base64url, exportJWK, generateKeyPair, SignJWT } from 'jose';
import { describe, expect, test } from 'vitest';
import { testSecret, testToken } from '../../../testkit/servers/tokens.ts';
import { AdmissionError } from './admission-error.ts';
import { type TokenRules, tokenAuthenticator } from './authenticator.ts';
import { verifyByKeySet, verifyBySecrets } from './keys.ts';
import { makeToken } from './make-token.ts';

const anyIssuer: TokenRules = {
  issuer: undefined,
  audience: undefined,
  clockSkew: 5,
  maxExpiryDays: 366,
};
const secret = testSecret;

function authorize(
  roomId: string,
  token: string | undefined,
  rules: Partial<TokenRules> = {},
  now = Date.now,
) {
  const verify = verifyBySecrets(() => [secret]);
  return tokenAuthenticator(verify, { ...anyIssuer, ...rules }, now).authorize(roomId, token);
}

/** The reason that the client would receive. */
async function reasonOf(attempt: Promise<unknown>): Promise<string> {
  const error = await attempt.then(
    () => expect.fail('authorized'),
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof AdmissionError)) {
    throw error;
  }
  return error.message;
}

function signed(header: object, claims: object): Promise<string> {
  const token = new SignJWT({ ...claims });
  return token
    .setProtectedHeader({ alg: 'HS256', ...header })
    .sign(new TextEncoder().encode(secret));
}

describe('an authorized client', () => {
  test('may do everything but moderate by default', async () => {
    expect(await authorize('room', await testToken())).toEqual({
      subject: 'somebody',
      displayName: undefined,
      waits: false,
      expiresAt: expect.any(Number),
      permissions: {
        publish: ['microphone', 'camera', 'screen'],
        chat: true,
        watch: true,
        moderate: false,
      },
    });
  });

  test('has the permissions of its token; unknown claims are ignored', async () => {
    const token = await testToken({
      sub: 'ada@example.org',
      room: '*',
      name: ' Ada  Lovelace ',
      publish: ['microphone', 'microphone'],
      chat: false,
      watch: false,
      moderate: true,
      lobby: true,
      ...{ email: 'ada@example.org' },
    });
    expect(await authorize('any-room', token)).toEqual({
      subject: 'ada@example.org',
      displayName: 'Ada Lovelace',
      waits: true,
      expiresAt: expect.any(Number),
      permissions: { publish: ['microphone'], chat: false, watch: false, moderate: true },
    });
  });
});

describe('rejects', () => {
  test('a missing token', async () => {
    expect(await reasonOf(authorize('room', undefined))).toBe(closeReasons.tokenMissing);
    expect(await reasonOf(authorize('room', ''))).toBe(closeReasons.tokenMissing);
  });

  test('a token for another room', async () => {
    const token = await testToken({ room: 'other' });
    expect(await reasonOf(authorize('room', token))).toBe(closeReasons.tokenOtherRoom);
  });

  test.each([
    ['parts that are not base64url JSON', 'a.b.c'],
    ['a long text', 'x'.repeat(4096)],
    ['four parts', 'a.b.c.d'],
  ])('%s', async (_, token) => {
    expect(await reasonOf(authorize('room', token))).toBe(closeReasons.tokenInvalid);
  });

  test('alg none, in any spelling, with and without a signature', async () => {
    const [, claims = '', signature = ''] = (await testToken()).split('.');
    for (const alg of ['none', 'None', 'NONE']) {
      const header = base64url.encode(JSON.stringify({ alg, typ: 'JWT' }));
      for (const end of ['', signature]) {
        expect(await reasonOf(authorize('room', `${header}.${claims}.${end}`))).toBe(
          closeReasons.tokenInvalid,
        );
      }
    }
  });

  test('a signature by another secret, or by another algorithm with the right secret', async () => {
    const other = await testToken({}, 'another-secret-that-is-long-enough');
    expect(await reasonOf(authorize('room', other))).toBe(closeReasons.tokenInvalid);
    const exp = Math.floor(Date.now() / 1000) + 60;
    const hs512 = await signed({ alg: 'HS512' }, { sub: 'a', room: 'room', exp });
    expect(await reasonOf(authorize('room', hs512))).toBe(closeReasons.tokenInvalid);
  });

  test('a claim changed after signing', async () => {
    const [header, claims = '', signature] = (await testToken()).split('.');
    const changed = { ...JSON.parse(String(Buffer.from(claims, 'base64url'))), moderate: true };
    const token = [header, base64url.encode(JSON.stringify(changed)), signature].join('.');
    expect(await reasonOf(authorize('room', token))).toBe(closeReasons.tokenInvalid);
  });

  test('an HS256 signature made with the public key of a key pair', async () => {
    const { publicKey } = await generateKeyPair('ES256', { extractable: true });
    const jwk = { ...(await exportJWK(publicKey)), kid: 'one' };
    const verify = verifyByKeySet(() => ({ keys: [jwk] }));
    const authenticator = tokenAuthenticator(verify, anyIssuer);
    for (const publicText of [JSON.stringify(jwk), jwk.x ?? '']) {
      const token = await new SignJWT({ sub: 'a', room: 'room' })
        .setProtectedHeader({ alg: 'HS256', kid: 'one' })
        .setExpirationTime('5m')
        .sign(new TextEncoder().encode(publicText));
      expect(await reasonOf(authenticator.authorize('room', token))).toBe(
        closeReasons.tokenInvalid,
      );
    }
  });

  test.each([
    ['no exp', { sub: 'a', room: 'room' }],
    ['exp as text', { sub: 'a', room: 'room', exp: '9999999999' }],
    ['no sub', { room: 'room', exp: 9_999_999_999 }],
    ['an empty sub', { sub: '', room: 'room', exp: 9_999_999_999 }],
    ['a sub with a line break', { sub: 'a\nb', room: 'room', exp: 9_999_999_999 }],
    ['no room', { sub: 'a', exp: 9_999_999_999 }],
    ['a list of rooms', { sub: 'a', room: ['room'], exp: 9_999_999_999 }],
    ['a blank name', { sub: 'a', room: 'room', name: ' ', exp: 9_999_999_999 }],
    ['an unknown source', { sub: 'a', room: 'room', publish: ['smell'], exp: 9_999_999_999 }],
    ['moderate as text', { sub: 'a', room: 'room', moderate: 'false', exp: 9_999_999_999 }],
  ])('%s', async (_, claims) => {
    expect(await reasonOf(authorize('room', await signed({}, claims)))).toBe(
      closeReasons.tokenInvalid,
    );
  });

  test.each([1, 366])('an expiry further ahead than %i days', async (maxExpiryDays) => {
    const day = 86_400;
    const now = Math.floor(Date.now() / 1000);
    const enter = async (exp: number) =>
      authorize('room', await signed({}, { sub: 'a', room: 'room', exp }), { maxExpiryDays });
    await expect(enter(now + day * maxExpiryDays)).resolves.toBeDefined();
    const milliseconds = 1000 * (now + 60);
    for (const exp of [now + day * maxExpiryDays + 60, milliseconds, Number.MAX_VALUE]) {
      expect(await reasonOf(enter(exp))).toBe(closeReasons.tokenExpiresTooLate);
    }
  });

  test('an unknown critical header extension', async () => {
    const [, claims, signature] = (await testToken()).split('.');
    const header = base64url.encode(JSON.stringify({ alg: 'HS256', crit: ['x'], x: 1 }));
    const token = `${header}.${claims}.${signature}`;
    expect(await reasonOf(authorize('room', token))).toBe(closeReasons.tokenInvalid);
  });

  test('another issuer, another audience, and a missing one', async () => {
    const rules = { issuer: 'https://issuer.example', audience: 'calls' };
    const { issuer, audience } = rules;
    const token = (given: object) => testToken({}, secret, given);
    await expect(authorize('room', await token(rules), rules)).resolves.toBeDefined();
    for (const given of [
      { issuer },
      { audience },
      { issuer: 'https://other.example', audience },
      { issuer, audience: 'mail' },
    ]) {
      const attempt = authorize('room', await token(given), rules);
      expect(await reasonOf(attempt)).toBe(closeReasons.tokenInvalid);
    }
  });
});

describe('AUTH_CLOCK_SKEW_SECONDS', () => {
  const start = Date.UTC(2030, 0, 1);
  const at = (seconds: number) => () => start + seconds * 1000;
  const token = makeToken({ sub: 'a', room: 'room' }, secret, {
    notBefore: new Date(start + 100_000),
    expires: new Date(start + 200_000),
  });

  test.each([
    [0, 100, 199, 200],
    [5, 95, 204, 205],
    [60, 40, 259, 260],
  ])(
    '%i: a token is accepted from %i s to %i s and has expired at %i s',
    async (clockSkew, first, last, expired) => {
      const enter = async (seconds: number) =>
        authorize('room', await token, { clockSkew }, at(seconds));
      expect(await reasonOf(enter(first - 1))).toBe(closeReasons.tokenTooEarly);
      await expect(enter(first)).resolves.toBeDefined();
      await expect(enter(last)).resolves.toBeDefined();
      expect(await reasonOf(enter(expired))).toBe(closeReasons.tokenExpired);
    },
  );
});
