import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { explain } from '@oneport/protocol';
import { claimsSchema } from '../../server/src/access/claims.ts';
import { makeToken } from '../../server/src/access/make-token.ts';
import { loadConfig } from '../../server/src/config/config.ts';
import { parseSecrets } from '../../server/src/config/jwt-secrets.ts';
import { StartError } from '../../server/src/config/start-error.ts';

export const usage = `Usage: npm run -s token -- --room ROOM [options]

  --room ROOM            the room that it opens; '*' is every room
  --name NAME            what the person is called; without it, it chooses
  --subject ID           who it is: the same for the same person; default: a random one
  --publish LIST         of microphone,camera,screen; none: nothing. Default: all three
  --no-chat  --no-watch  without writing, without receiving
  --moderate             may mute, remove, close, lock and let in
  --lobby                waits until a moderator lets it in
  --minutes N            how long it is good, 1 to 525600. Default: 60
  --link URL             prints URL with the room and the token, to be opened in a browser

Signs with the first secret of AUTH_JWT_SECRET or AUTH_JWT_SECRET_FILE, which the server must know too, and takes
AUTH_ISSUER and AUTH_AUDIENCE into account. Whoever has what it prints may enter: docs/tokens.md
`;

const options = {
  room: { type: 'string' },
  name: { type: 'string' },
  subject: { type: 'string' },
  publish: { type: 'string' },
  'no-chat': { type: 'boolean' },
  'no-watch': { type: 'boolean' },
  moderate: { type: 'boolean' },
  lobby: { type: 'boolean' },
  minutes: { type: 'string' },
  link: { type: 'string' },
} as const;

/**
 * A token by hand.
 *
 * @param args - of the command line, see `usage`
 * @param env - with the secret that signs it
 * @returns the token, or the link with it
 * @throws StartError saying what is wrong with either; never with a secret in it
 */
export async function tokenFor(args: string[], env: NodeJS.ProcessEnv): Promise<string> {
  const { room, name, subject, publish, minutes = '60', link, ...flags } = parse(args);
  if (room === undefined) {
    throw new StartError(
      "--room: expected a room, or '*' for every room. --help shows the options.",
    );
  }
  const { auth } = loadConfig(env);
  const result = claimsSchema.safeParse({
    sub: subject ?? randomUUID(),
    room,
    name,
    publish: publish === 'none' ? [] : publish?.split(',').map((source) => source.trim()),
    chat: !flags['no-chat'],
    watch: !flags['no-watch'],
    moderate: flags.moderate,
    lobby: flags.lobby,
  });
  if (!result.success) {
    throw new StartError(`${explain(result.error)}. --help shows the options.`);
  }
  if (!/^[1-9]\d{0,5}$/.test(minutes) || Number(minutes) > 525_600) {
    throw new StartError('--minutes: expected 1 to 525600, which is a year');
  }
  if (link !== undefined && !URL.canParse(link)) {
    throw new StartError('--link: expected a URL, such as http://localhost:3000');
  }
  const token = await makeToken(result.data, secretOf(auth.keys), {
    expires: new Date(Date.now() + Number(minutes) * 60_000),
    ...(auth.issuer ? { issuer: auth.issuer } : {}),
    ...(auth.audience ? { audience: auth.audience } : {}),
  });
  return link === undefined ? token : linkWith(link, result.data.room, token);
}

function parse(args: string[]) {
  try {
    return parseArgs({ args, options, allowPositionals: false }).values;
  } catch (error) {
    throw new StartError(`${error instanceof Error ? error.message : error}. --help shows them.`);
  }
}

function secretOf(keys: ReturnType<typeof loadConfig>['auth']['keys']): string {
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
      'set AUTH_JWT_SECRET or AUTH_JWT_SECRET_FILE, as for the server: tokens by key pair (AUTH_JWKS_*) are made ' +
        'where the private key is',
    );
  }
  return first;
}

function linkWith(link: string, room: string, token: string): string {
  const url = new URL(link);
  if (room !== '*') {
    url.searchParams.set('roomId', room);
  }
  // What stands after # no browser sends: it gets into no access log, and into no Referer.
  url.hash = `token=${token}`;
  return url.href;
}
