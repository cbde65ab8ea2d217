import { mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';
import { pino } from 'pino';
import { describe, expect, onTestFinished, test } from 'vitest';
import { testToken } from '../../../testkit/servers/tokens.ts';
import { StartError } from '../config/start-error.ts';
import type { AuthConfig } from '../config/types.ts';
import { type Authenticator, createAuthenticator, tokenAuthenticator } from './authenticator.ts';
import { verifyByUrl } from './keys.ts';

const rules = { issuer: undefined, audience: undefined, clockSkew: 5, maxExpiryDays: 366 };
const [oldSecret, newSecret] = ['old', 'new'].map((name) => `the-${name}-secret-`.padEnd(40, 'x'));

function recordingLog() {
  const lines: string[] = [];
  const stream = new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk));
      done();
    },
  });
  return { lines, log: pino({ level: 'trace' }, stream) };
}

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'oneport-keys-'));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return path;
}

const authenticatorFor = (keys: AuthConfig['keys'], log = recordingLog().log) =>
  createAuthenticator({ keys, ...rules }, log);

const accepts = (authenticator: Authenticator, token: string) =>
  authenticator.authorize('room', token).then(
    () => true,
    () => false,
  );

interface Issuer {
  jwk: JWK;
  token(options?: { withoutKid?: boolean }): Promise<string>;
}

async function issuer(kid: string, alg = 'ES256'): Promise<Issuer> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  return {
    jwk: { ...(await exportJWK(publicKey)), kid },
    token: ({ withoutKid = false } = {}) =>
      new SignJWT({ sub: 'a', room: 'room' })
        .setProtectedHeader({ alg, ...(withoutKid ? {} : { kid }) })
        .setExpirationTime('5m')
        .sign(privateKey),
  };
}

describe('secrets', () => {
  test('accepts a signature by any of several secrets, and by no other', async () => {
    const authenticator = authenticatorFor({
      kind: 'secrets',
      secrets: [newSecret, oldSecret] as string[],
    });
    expect(await accepts(authenticator, await testToken({}, oldSecret))).toBe(true);
    expect(await accepts(authenticator, await testToken({}, newSecret))).toBe(true);
    expect(await accepts(authenticator, await testToken({}, 'neither'.repeat(8)))).toBe(false);
  });

  test('in a file are rotated without a restart: old, both, new', async () => {
    const path = join(folder(), 'secrets');
    const [before, after] = await Promise.all([testToken({}, oldSecret), testToken({}, newSecret)]);
    const accepted = async (authenticator: Authenticator) => [
      await accepts(authenticator, before),
      await accepts(authenticator, after),
    ];

    writeFileSync(path, `${oldSecret}\n`);
    const { lines, log } = recordingLog();
    const authenticator = authenticatorFor({ kind: 'secret-file', path }, log);
    expect(await accepted(authenticator)).toEqual([true, false]);
    writeFileSync(path, `${newSecret}\n${oldSecret}\n`);
    expect(await accepted(authenticator)).toEqual([true, true]);
    writeFileSync(path, newSecret as string);
    expect(await accepted(authenticator)).toEqual([false, true]);

    // A half-written or missing file changes nothing, and is logged once.
    writeFileSync(path, 'short');
    expect(await accepted(authenticator)).toEqual([false, true]);
    expect(await accepted(authenticator)).toEqual([false, true]);
    rmSync(path);
    expect(await accepted(authenticator)).toEqual([false, true]);
    expect(lines.filter((line) => line.includes('failed to reload keys'))).toHaveLength(2);
    writeFileSync(path, oldSecret as string);
    expect(await accepted(authenticator)).toEqual([true, false]);
    for (const secret of [oldSecret, newSecret, 'short']) {
      expect(lines.join('')).not.toContain(secret);
    }
  });

  test('in a file are reloaded when a symbolic link is replaced, as Kubernetes does', async () => {
    const path = folder();
    const link = join(path, 'current');
    writeFileSync(join(path, 'one'), oldSecret as string);
    writeFileSync(join(path, 'two'), newSecret as string);
    symlinkSync('one', link);
    const authenticator = authenticatorFor({ kind: 'secret-file', path: link });
    expect(await accepts(authenticator, await testToken({}, newSecret))).toBe(false);
    symlinkSync('two', `${link}.new`);
    renameSync(`${link}.new`, link);
    expect(await accepts(authenticator, await testToken({}, newSecret))).toBe(true);
  });

  test.each([
    ['is missing', undefined],
    ['has a short secret', 'hunter2'],
    ['is empty', '\n'],
  ])('fail the start when their file %s', (_, content) => {
    const path = join(folder(), 'secrets');
    if (content !== undefined) {
      writeFileSync(path, content);
    }
    const start = () => authenticatorFor({ kind: 'secret-file', path });
    expect(start).toThrow(StartError);
    expect(start).toThrow(/AUTH_JWT_SECRET_FILE/);
    expect(start).not.toThrow(/hunter2/);
  });
});

describe('a JWK Set', () => {
  test('in a file is rotated without a restart', async () => {
    const path = join(folder(), 'jwks.json');
    const [one, two] = [await issuer('one'), await issuer('two', 'EdDSA')];
    const write = (...keys: JWK[]) => writeFileSync(path, JSON.stringify({ keys }));
    write(one.jwk);
    const authenticator = authenticatorFor({ kind: 'jwks-file', path });
    const accepted = async () => [
      await accepts(authenticator, await one.token()),
      await accepts(authenticator, await two.token()),
    ];
    expect(await accepted()).toEqual([true, false]);
    write(one.jwk, two.jwk);
    expect(await accepted()).toEqual([true, true]);
    write(two.jwk);
    expect(await accepted()).toEqual([false, true]);
    writeFileSync(path, '{"keys":');
    expect(await accepted()).toEqual([false, true]);
  });

  test('verifies tokens without a key id', async () => {
    const path = join(folder(), 'jwks.json');
    const [one, two, three] = [await issuer('one'), await issuer('two'), await issuer('three')];
    writeFileSync(path, JSON.stringify({ keys: [one.jwk, two.jwk] }));
    const authenticator = authenticatorFor({ kind: 'jwks-file', path });
    expect(await accepts(authenticator, await two.token({ withoutKid: true }))).toBe(true);
    expect(await accepts(authenticator, await three.token({ withoutKid: true }))).toBe(false);
  });

  test.each([
    ['no JSON', 'secret text'],
    ['no key set', '{"kty":"EC"}'],
    ['an empty key set', '{"keys":[]}'],
  ])('fails the start when its file has %s', (_, content) => {
    const path = join(folder(), 'jwks.json');
    writeFileSync(path, content);
    const start = () => authenticatorFor({ kind: 'jwks-file', path });
    expect(start).toThrow(/AUTH_JWKS_FILE.*expected a JWK Set/);
  });

  test('by URL is fetched again for an unknown key, and kept while its server fails', async () => {
    const [one, two] = [await issuer('one'), await issuer('two')];
    let keys = [one.jwk];
    let asked = 0;
    let broken = false;
    const http = createServer((_request, response) => {
      asked += 1;
      response.writeHead(broken ? 500 : 200, { 'content-type': 'application/json' });
      response.end(broken ? 'out of order' : JSON.stringify({ keys }));
    });
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void http.close());
    const url = new URL(`http://127.0.0.1:${(http.address() as AddressInfo).port}/jwks`);
    const { lines, log } = recordingLog();

    // An unknown key is looked up at once; known keys stay fresh.
    const authenticator = tokenAuthenticator(
      verifyByUrl(url, log, { cooldownMs: 0, freshMs: 3_600_000 }),
      rules,
    );
    expect(await accepts(authenticator, await one.token())).toBe(true);
    expect(await accepts(authenticator, await one.token())).toBe(true);
    expect(asked).toBe(1);
    keys = [one.jwk, two.jwk];
    expect(await accepts(authenticator, await two.token())).toBe(true);
    expect(asked).toBe(2);

    // Tokens with unknown keys cause one request per cooldown, not one each.
    const longCooldown = tokenAuthenticator(
      verifyByUrl(url, log, { cooldownMs: 3_600_000, freshMs: 1e9 }),
      rules,
    );
    asked = 0;
    const unknown = await issuer('unknown');
    for (let n = 0; n < 20; n += 1) {
      expect(await accepts(longCooldown, await unknown.token())).toBe(false);
    }
    expect(asked).toBe(1);

    // With freshMs 0, the issuer is asked each time.
    const alwaysFetching = tokenAuthenticator(
      verifyByUrl(url, log, { cooldownMs: 0, freshMs: 0 }),
      rules,
    );
    expect(await accepts(alwaysFetching, await two.token())).toBe(true);
    broken = true;
    expect(await accepts(alwaysFetching, await two.token())).toBe(true);
    expect(lines.join('')).toContain('keeping the previous ones');
    broken = false;
    keys = [one.jwk];
    expect(await accepts(alwaysFetching, await two.token())).toBe(false);
  });

  test('by URL that cannot be reached is a server error, not a refusal of the token', async () => {
    const { log } = recordingLog();
    // No server listens on port 9.
    const authenticator = authenticatorFor(
      { kind: 'jwks-url', url: new URL('http://127.0.0.1:9/jwks') },
      log,
    );
    const token = await (await issuer('one')).token();
    await expect(authenticator.authorize('room', token)).rejects.not.toMatchObject({
      name: 'AdmissionError',
    });
  });
});
