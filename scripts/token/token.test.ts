import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import { createAuthenticator } from '../../server/src/access/authenticator.ts';
import { loadConfig } from '../../server/src/config/config.ts';
import { temporaryFolder } from '../../testkit/system/temporary-folder.ts';

const main = fileURLToPath(new URL('main.ts', import.meta.url));
const secret = 'a-secret-of-enough-characters-for-this';

function run(args: string[], env: Record<string, string> = { AUTH_JWT_SECRET: secret }) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], {
    env: { HOME: tmpdir(), ...env },
    encoding: 'utf8',
  });
  expect(stdout + stderr).not.toContain(secret);
  return { status, stdout, stderr };
}

const enter = (roomId: string, token: string, env: Record<string, string>) =>
  createAuthenticator(loadConfig(env).auth, pino({ level: 'silent' })).authorize(roomId, token);

describe('npm run token', () => {
  test('makes a token that a server with the same settings accepts', async () => {
    const env = { AUTH_JWT_SECRET: secret, AUTH_ISSUER: 'me', AUTH_AUDIENCE: 'calls' };
    const args = ['--room', 'R', '--name', 'Ada', '--moderate', '--publish', 'camera,screen'];
    const { status, stdout } = run([...args, '--no-chat', '--subject', 'ada'], env);
    expect(status).toBe(0);
    expect(await enter('R', stdout.trim(), env)).toEqual({
      subject: 'ada',
      displayName: 'Ada',
      waits: false,
      expiresAt: expect.any(Number),
      permissions: { publish: ['camera', 'screen'], chat: false, watch: true, moderate: true },
    });
  });

  test('makes a link with the token in its fragment', async () => {
    const env = { AUTH_JWT_SECRET: secret };
    const { stdout } = run(['--room', 'R', '--lobby', '--link', 'http://localhost:3000/?x=1']);
    const url = new URL(stdout.trim());
    expect(url.search).toBe('?x=1&roomId=R');
    const token = new URLSearchParams(url.hash.slice(1)).get('token') ?? '';
    expect(await enter('R', token, env)).toMatchObject({ waits: true });
  });

  test('signs with the first secret of a file', async () => {
    const folder = temporaryFolder({ secrets: `${secret}\n${'another-'.repeat(5)}\n` });
    const { stdout } = run(['--room', '*'], { AUTH_JWT_SECRET_FILE: join(folder, 'secrets') });
    const env = { AUTH_JWT_SECRET: secret };
    await expect(enter('any', stdout.trim(), env)).resolves.toBeDefined();
  });

  test.each([
    [['--room', 'R'], {}, /set AUTH_JWT_SECRET/],
    [['--room', 'a b'], { AUTH_JWT_SECRET: secret }, /^oneport: room: /],
    [['--name', 'Ada'], { AUTH_JWT_SECRET: secret }, /^oneport: --room: expected a room/],
    [['--room', 'R', '--publish', 'smell'], { AUTH_JWT_SECRET: secret }, /^oneport: publish/],
    [['--room', 'R', '--minutes', '0'], { AUTH_JWT_SECRET: secret }, /--minutes: expected 1/],
    [
      ['--room', 'R', '--minutes', '1441'],
      { AUTH_JWT_SECRET: secret, AUTH_MAX_EXPIRY_DAYS: '1' },
      /--minutes: expected at most 1 days/,
    ],
    [['--room', 'R', '--link', 'x'], { AUTH_JWT_SECRET: secret }, /--link: expected a URL/],
    [['--rom', 'R'], { AUTH_JWT_SECRET: secret }, /--rom/],
    [['--room', 'R'], { AUTH_JWKS_URL: 'https://issuer.example/' }, /private key/],
  ])('rejects %o and says what is expected', (args, env, message) => {
    const { status, stdout, stderr } = run(args, env);
    expect(status).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toMatch(message);
  });
});
