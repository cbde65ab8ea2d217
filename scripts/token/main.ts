import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { explain } from '@oneport/protocol';
import { claimsSchema } from '../../server/src/access/claims.ts';
import { makeToken } from '../../server/src/access/make-token.ts';
import { loadConfig } from '../../server/src/config/config.ts';
import { parseSecrets } from '../../server/src/config/jwt-secrets.ts';
import { StartError } from '../../server/src/config/start-error.ts';
import { runCli, UsageError } from '../cli.ts';

const usage = `Usage: npm run -s token -- --room ROOM [options]

Prints a token that admits a person to a room.

  --room ROOM            the room it admits to; '*' is every room
  --name NAME            the person's display name; without it, the person chooses one
  --subject ID           identifies the person: the same for all of their tokens. Default: a random ID
  --publish LIST         some of microphone,camera,screen, or none. Default: all three
  --no-chat  --no-watch  the person may not write, or not receive
  --moderate             the person may mute, remove, close, lock and admit
  --lobby                the person waits until a moderator admits them
  --minutes N            how long the token is valid, 1 to 525600. Default: 60
  --link URL             prints URL with the room and the token, to be opened in a browser

The token is signed with the first secret of AUTH_JWT_SECRET or AUTH_JWT_SECRET_FILE, which the server must know too.
AUTH_ISSUER and AUTH_AUDIENCE are taken into account. Anyone who has the token can enter: docs/tokens.md
`;

const text = { type: 'string' } as const;
const flag = { type: 'boolean' } as const;

await runCli({
  name: 'token',
  usage,
  startErrorCode: 2,
  options: {
    room: text,
    name: text,
    subject: text,
    publish: text,
    'no-chat': flag,
    'no-watch': flag,
    moderate: flag,
    lobby: flag,
    minutes: { ...text, default: '60' },
    link: text,
  },
  async run({ room, name, subject, publish, minutes, link, ...flags }) {
    if (room === undefined) {
      throw new UsageError("--room: expected a room, or '*' for every room");
    }
    const { auth } = loadConfig(process.env);
    const claims = claimsSchema.safeParse({
      sub: subject ?? randomUUID(),
      room,
      name,
      publish: publish === 'none' ? [] : publish?.split(',').map((source) => source.trim()),
      chat: !flags['no-chat'],
      watch: !flags['no-watch'],
      moderate: flags.moderate,
      lobby: flags.lobby,
    });
    if (!claims.success) {
      throw new UsageError(explain(claims.error));
    }
    if (!/^[1-9]\d{0,5}$/.test(minutes) || Number(minutes) > 525_600) {
      throw new UsageError('--minutes: expected 1 to 525600, which is a year');
    }
    if (Number(minutes) > 1440 * auth.maxExpiryDays) {
      throw new UsageError(
        `--minutes: expected at most ${auth.maxExpiryDays} days (AUTH_MAX_EXPIRY_DAYS)`,
      );
    }
    if (link !== undefined && !URL.canParse(link)) {
      throw new UsageError('--link: expected a URL, such as http://localhost:3000');
    }
    const token = await makeToken(claims.data, secretFrom(auth.keys), {
      expires: new Date(Date.now() + Number(minutes) * 60_000),
      ...(auth.issuer ? { issuer: auth.issuer } : {}),
      ...(auth.audience ? { audience: auth.audience } : {}),
    });
    // Nothing else goes to stdout, for `$(npm run -s token -- ...)`.
    process.stdout.write(
      `${link === undefined ? token : linkWith(link, claims.data.room, token)}\n`,
    );
    return 0;
  },
});

/** @throws StartError when the server verifies tokens by something other than a secret; never with a secret in it */
function secretFrom(keys: ReturnType<typeof loadConfig>['auth']['keys']): string {
  let secrets: string[] = [];
  if (keys.kind === 'secrets') {
    secrets = keys.secrets;
  }
  if (keys.kind === 'secret-file') {
    try {
      secrets = parseSecrets(readFileSync(keys.path, 'utf8'));
    } catch (error) {
      throw new StartError(
        `AUTH_JWT_SECRET_FILE: ${error instanceof Error ? error.message : error}`,
      );
    }
  }
  const [first] = secrets;
  if (first === undefined) {
    throw new StartError(
      'no secret to sign with: set AUTH_JWT_SECRET or AUTH_JWT_SECRET_FILE, as for the server. ' +
        'Tokens for AUTH_JWKS_* are made where the private key is.',
    );
  }
  return first;
}

function linkWith(link: string, room: string, token: string): string {
  const url = new URL(link);
  if (room !== '*') {
    url.searchParams.set('roomId', room);
  }
  // Browsers never send the URL fragment, so the token stays out of access logs and the Referer header.
  url.hash = `token=${token}`;
  return url.href;
}
