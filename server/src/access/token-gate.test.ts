import { refusals } from '@oneport/protocol';
import { base64url, exportJWK, generateKeyPair, SignJWT } from 'jose';
import { describe, expect, test } from 'vitest';
import { testSecret, testToken } from '../../../testkit/servers/tokens.ts';
import { RefusedError } from './access.ts';
import { verifyByKeySet, verifyBySecrets } from './keys.ts';
import { makeToken } from './make-token.ts';
import { type TokenRules, tokenGate } from './token-gate.ts';

const anyone: TokenRules = { issuer: undefined, audience: undefined, clockSkew: 5 };
const secret = testSecret;
const gateOf = (rules: Partial<TokenRules> = {}, now = Date.now) =>
  tokenGate(
    verifyBySecrets(() => [secret]),
    { ...anyone, ...rules },
    now,
  );

/** The reason that the socket would be told. */
async function refusal(attempt: Promise<unknown>): Promise<string> {
  const error = await attempt.then(
    () => expect.fail('it was let in'),
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof RefusedError)) {
    throw error;
  }
  return error.refusal;
}

/** A token of any header and claims, signed with the secret. */
function signed(header: object, claims: object): Promise<string> {
  const token = new SignJWT({ ...claims });
  return token
    .setProtectedHeader({ alg: 'HS256', ...header })
    .sign(new TextEncoder().encode(secret));
}

describe('what a token allows', () => {
  test('by default all but to moderate', async () => {
    expect(await gateOf()('room', await testToken())).toEqual({
      subject: 'somebody',
      displayName: undefined,
      waits: false,
      permissions: {
        publish: ['microphone', 'camera', 'screen'],
        chat: true,
        watch: true,
        moderate: false,
      },
    });
  });

  test('what it says, and unknown claims do no harm', async () => {
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
    expect(await gateOf()('any-room', token)).toEqual({
      subject: 'ada@example.org',
      displayName: 'Ada Lovelace',
      waits: true,
      permissions: { publish: ['microphone'], chat: false, watch: false, moderate: true },
    });
  });
});

describe('refused is', () => {
  test('no token at all', async () => {
    expect(await refusal(gateOf()('room', undefined))).toBe(refusals.tokenMissing);
    expect(await refusal(gateOf()('room', ''))).toBe(refusals.tokenMissing);
  });

  test('a token for another room', async () => {
    const token = await testToken({ room: 'other' });
    expect(await refusal(gateOf()('room', token))).toBe(refusals.tokenOtherRoom);
  });

  test.each([
    ['no token', 'a.b.c'],
    ['something long', 'x'.repeat(4096)],
    ['four parts', 'a.b.c.d'],
  ])('%s', async (_, token) => {
    expect(await refusal(gateOf()('room', token))).toBe(refusals.tokenInvalid);
  });

  test('alg none, in any spelling, with and without a signature', async () => {
    const [, claims = '', signature = ''] = (await testToken()).split('.');
    for (const alg of ['none', 'None', 'NONE']) {
      const header = base64url.encode(JSON.stringify({ alg, typ: 'JWT' }));
      for (const end of ['', signature]) {
        expect(await refusal(gateOf()('room', `${header}.${claims}.${end}`))).toBe(
          refusals.tokenInvalid,
        );
      }
    }
  });

  test('another secret, and another algorithm with the right one', async () => {
    const other = await testToken({}, 'another-secret-that-is-long-enough');
    expect(await refusal(gateOf()('room', other))).toBe(refusals.tokenInvalid);
    const exp = Math.floor(Date.now() / 1000) + 60;
    const hs512 = await signed({ alg: 'HS512' }, { sub: 'a', room: 'room', exp });
    expect(await refusal(gateOf()('room', hs512))).toBe(refusals.tokenInvalid);
  });

  test('a changed claim under the old signature', async () => {
    const [header, claims = '', signature] = (await testToken()).split('.');
    const changed = { ...JSON.parse(String(Buffer.from(claims, 'base64url'))), moderate: true };
    const token = [header, base64url.encode(JSON.stringify(changed)), signature].join('.');
    expect(await refusal(gateOf()('room', token))).toBe(refusals.tokenInvalid);
  });

  test("a key pair's public half taken for a shared secret", async () => {
    const { publicKey } = await generateKeyPair('ES256', { extractable: true });
    const jwk = { ...(await exportJWK(publicKey)), kid: 'one' };
    const gate = tokenGate(
      verifyByKeySet(() => ({ keys: [jwk] })),
      anyone,
    );
    for (const publicText of [JSON.stringify(jwk), jwk.x ?? '']) {
      const token = await new SignJWT({ sub: 'a', room: 'room' })
        .setProtectedHeader({ alg: 'HS256', kid: 'one' })
        .setExpirationTime('5m')
        .sign(new TextEncoder().encode(publicText));
      expect(await refusal(gate('room', token))).toBe(refusals.tokenInvalid);
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
    ['a name without anything to see', { sub: 'a', room: 'room', name: ' ', exp: 9_999_999_999 }],
    ['an unknown source', { sub: 'a', room: 'room', publish: ['smell'], exp: 9_999_999_999 }],
    ['a text for moderate', { sub: 'a', room: 'room', moderate: 'false', exp: 9_999_999_999 }],
  ])('%s', async (_, claims) => {
    expect(await refusal(gateOf()('room', await signed({}, claims)))).toBe(refusals.tokenInvalid);
  });

  test('a header with a critical extension that nobody knows', async () => {
    const [, claims, signature] = (await testToken()).split('.');
    const header = base64url.encode(JSON.stringify({ alg: 'HS256', crit: ['x'], x: 1 }));
    const token = `${header}.${claims}.${signature}`;
    expect(await refusal(gateOf()('room', token))).toBe(refusals.tokenInvalid);
  });

  test('another issuer, another audience, and none where one is asked for', async () => {
    const rules = { issuer: 'https://issuer.example', audience: 'calls' };
    const { issuer, audience } = rules;
    const token = (given: object) => testToken({}, secret, given);
    await expect(gateOf(rules)('room', await token(rules))).resolves.toBeDefined();
    for (const given of [
      { issuer },
      { audience },
      { issuer: 'https://other.example', audience },
      { issuer, audience: 'mail' },
    ]) {
      expect(await refusal(gateOf(rules)('room', await token(given)))).toBe(refusals.tokenInvalid);
    }
  });
});

describe("the issuer's clock", () => {
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
    'may be %i s from ours: good from %i s to %i s, expired at %i s',
    async (clockSkew, first, last, expired) => {
      const enter = async (seconds: number) =>
        gateOf({ clockSkew }, at(seconds))('room', await token);
      expect(await refusal(enter(first - 1))).toBe(refusals.tokenTooEarly);
      await expect(enter(first)).resolves.toBeDefined();
      await expect(enter(last)).resolves.toBeDefined();
      expect(await refusal(enter(expired))).toBe(refusals.tokenExpired);
    },
  );
});
