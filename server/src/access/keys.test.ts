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
import type { AuthConfig } from '../config/config.ts';
import { StartError } from '../config/start-error.ts';
import { createGate } from './create-gate.ts';
import { verifyByUrl } from './keys.ts';
import { type Gate, tokenGate } from './token-gate.ts';

const rules = { issuer: undefined, audience: undefined, clockSkew: 5 };
const [oldSecret, newSecret] = ['old', 'new'].map((name) => `the-${name}-secret-`.padEnd(40, 'x'));

/** A log that is kept. */
function keptLog() {
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

const gateFor = (keys: AuthConfig['keys'], log = keptLog().log) =>
  createGate({ keys, ...rules }, log);

const enters = (gate: Gate, token: string) =>
  gate('room', token).then(
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
  test('any of several is good, and what is none of them is not', async () => {
    const gate = gateFor({ kind: 'secrets', secrets: [newSecret, oldSecret] as string[] });
    expect(await enters(gate, await testToken({}, oldSecret))).toBe(true);
    expect(await enters(gate, await testToken({}, newSecret))).toBe(true);
    expect(await enters(gate, await testToken({}, 'neither'.repeat(8)))).toBe(false);
  });

  test('in a file are rotated without a restart: old, both, new', async () => {
    const path = join(folder(), 'secrets');
    const [before, after] = await Promise.all([testToken({}, oldSecret), testToken({}, newSecret)]);
    const good = async (gate: Gate) => [await enters(gate, before), await enters(gate, after)];

    writeFileSync(path, `${oldSecret}\n`);
    const { lines, log } = keptLog();
    const gate = gateFor({ kind: 'secret-file', path }, log);
    expect(await good(gate)).toEqual([true, false]);
    writeFileSync(path, `${newSecret}\n${oldSecret}\n`);
    expect(await good(gate)).toEqual([true, true]);
    writeFileSync(path, newSecret as string);
    expect(await good(gate)).toEqual([false, true]);

    // A file that is being written, or gone, changes nothing; and is complained of once.
    writeFileSync(path, 'short');
    expect(await good(gate)).toEqual([false, true]);
    expect(await good(gate)).toEqual([false, true]);
    rmSync(path);
    expect(await good(gate)).toEqual([false, true]);
    expect(lines.filter((line) => line.includes('keys not read'))).toHaveLength(2);
    writeFileSync(path, oldSecret as string);
    expect(await good(gate)).toEqual([true, false]);
    for (const secret of [oldSecret, newSecret, 'short']) {
      expect(lines.join('')).not.toContain(secret);
    }
  });

  test('in a file behind a link that comes to point elsewhere, as Kubernetes does', async () => {
    const path = folder();
    const link = join(path, 'current');
    writeFileSync(join(path, 'one'), oldSecret as string);
    writeFileSync(join(path, 'two'), newSecret as string);
    symlinkSync('one', link);
    const gate = gateFor({ kind: 'secret-file', path: link });
    expect(await enters(gate, await testToken({}, newSecret))).toBe(false);
    symlinkSync('two', `${link}.new`);
    renameSync(`${link}.new`, link);
    expect(await enters(gate, await testToken({}, newSecret))).toBe(true);
  });

  test.each([
    ['missing', undefined],
    ['with a short secret', 'hunter2'],
    ['that is empty', '\n'],
  ])('in a file %s end the start', (_, content) => {
    const path = join(folder(), 'secrets');
    if (content !== undefined) {
      writeFileSync(path, content);
    }
    const start = () => gateFor({ kind: 'secret-file', path });
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
    const gate = gateFor({ kind: 'jwks-file', path });
    const good = async () => [
      await enters(gate, await one.token()),
      await enters(gate, await two.token()),
    ];
    expect(await good()).toEqual([true, false]);
    write(one.jwk, two.jwk);
    expect(await good()).toEqual([true, true]);
    write(two.jwk);
    expect(await good()).toEqual([false, true]);
    writeFileSync(path, '{"keys":');
    expect(await good()).toEqual([false, true]);
  });

  test('serves tokens that name no key, too', async () => {
    const path = join(folder(), 'jwks.json');
    const [one, two, three] = [await issuer('one'), await issuer('two'), await issuer('three')];
    writeFileSync(path, JSON.stringify({ keys: [one.jwk, two.jwk] }));
    const gate = gateFor({ kind: 'jwks-file', path });
    expect(await enters(gate, await two.token({ withoutKid: true }))).toBe(true);
    expect(await enters(gate, await three.token({ withoutKid: true }))).toBe(false);
  });

  test.each([
    ['no JSON', 'secret text'],
    ['no set', '{"kty":"EC"}'],
    ['an empty set', '{"keys":[]}'],
  ])('in a file with %s ends the start', (_, content) => {
    const path = join(folder(), 'jwks.json');
    writeFileSync(path, content);
    const start = () => gateFor({ kind: 'jwks-file', path });
    expect(start).toThrow(/AUTH_JWKS_FILE.*expected a JWK Set/);
  });

  test('by URL is fetched when a new key is used, and stays while its server is gone', async () => {
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
    const { lines, log } = keptLog();

    // Unknown keys ask at once; known ones are fresh for ever.
    const gate = tokenGate(verifyByUrl(url, log, { cooldownMs: 0, freshMs: 3_600_000 }), rules);
    expect(await enters(gate, await one.token())).toBe(true);
    expect(await enters(gate, await one.token())).toBe(true);
    expect(asked).toBe(1);
    keys = [one.jwk, two.jwk];
    expect(await enters(gate, await two.token())).toBe(true);
    expect(asked).toBe(2);

    // Who sends junk makes the issuer be asked once in the cooldown, not once for each.
    const calm = tokenGate(verifyByUrl(url, log, { cooldownMs: 3_600_000, freshMs: 1e9 }), rules);
    asked = 0;
    const unknown = await issuer('unknown');
    for (let n = 0; n < 20; n += 1) {
      expect(await enters(calm, await unknown.token())).toBe(false);
    }
    expect(asked).toBe(1);

    // Never fresh: it is asked each time.
    const strict = tokenGate(verifyByUrl(url, log, { cooldownMs: 0, freshMs: 0 }), rules);
    expect(await enters(strict, await two.token())).toBe(true);
    broken = true;
    expect(await enters(strict, await two.token())).toBe(true);
    expect(lines.join('')).toContain('the last ones stay');
    broken = false;
    keys = [one.jwk];
    expect(await enters(strict, await two.token())).toBe(false);
  });

  test('by URL that never answered is our trouble, not the fault of the token', async () => {
    const { log } = keptLog();
    // Port 9 of loopback: nobody is there.
    const gate = gateFor({ kind: 'jwks-url', url: new URL('http://127.0.0.1:9/jwks') }, log);
    const token = await (await issuer('one')).token();
    await expect(gate('room', token)).rejects.not.toMatchObject({ name: 'RefusedError' });
  });
});
