import { availableParallelism } from 'node:os';
import { describe, expect, test } from 'vitest';
import { loadConfig } from './config.ts';
import { describeSettings } from './help.ts';
import { literalDefault, settings } from './settings.ts';
import { ConfigError } from './start-error.ts';

describe('loadConfig', () => {
  test('works without any setting: the defaults suit localhost', () => {
    expect(loadConfig({})).toEqual({
      portMode: 'single-port',
      reachableBy: undefined,
      media: {
        listenIps: [],
        announcedAddresses: [],
        port: 44444,
        announcedPort: undefined,
        minPort: 40000,
        maxPort: 49999,
        numWorkers: availableParallelism(),
        workerBin: undefined,
        workerSha256: undefined,
        workerChoice: undefined,
        iceUfrag: 'random',
      },
      http: {
        host: '127.0.0.1',
        port: 3000,
        sharesMediaPort: false,
        tls: { kind: 'none' },
        allowedOrigins: [],
        basePath: '/',
        embedOrigins: [],
        trustedProxies: [],
        hsts: undefined,
      },
      auth: {
        keys: { kind: 'none' },
        issuer: undefined,
        audience: undefined,
        clockSkew: 5,
        maxExpiryDays: 366,
      },
      turn: undefined,
      portMap: {
        token: undefined,
        tokenFile: expect.stringMatching(/oneport\/port-map-token$/),
      },
      spread: { maxWorkers: 4, growAt: 0.6 },
      limits: expect.objectContaining({ rooms: 1000, peers_per_room: 100, worker_cpu: 90 }),
      metrics: undefined,
      graceMs: 30_000,
      drainSeconds: 5,
      runAsUser: undefined,
      logLevel: 'info',
      warnings: [],
    });
  });

  test('treats an empty value as unset', () => {
    expect(loadConfig({ HTTP_PORT: '', MEDIASOUP_USE_WEBRTC_SERVER: ' ' })).toEqual(loadConfig({}));
  });

  test.each([
    [undefined, 'single-port'],
    ['true', 'single-port'],
    ['false', 'multi-port'],
    ['shared', 'shared-port'],
  ])('MEDIASOUP_USE_WEBRTC_SERVER=%s means %s', (value, portMode) => {
    expect(loadConfig({ MEDIASOUP_USE_WEBRTC_SERVER: value }).portMode).toBe(portMode);
  });

  test.each([
    [
      { MEDIASOUP_USE_WEBRTC_SERVER: 'yes' },
      /MEDIASOUP_USE_WEBRTC_SERVER=yes: expected true, false or shared/,
    ],
    [{ RUN_AS_USER: 'a b' }, /RUN_AS_USER=a b: expected the name of a user/],
    [{ HTTP_PORT: '70000' }, /HTTP_PORT=70000: expected a whole number from 1 to 65535/],
    [
      { TURN_URLS: 'turn.example', TURN_SECRET: 'sixteen characters' },
      /TURN_URLS=turn.example: .*expected URLs such as turn:/,
    ],
    [{ TURN_URLS: 'turn:turn.example' }, /TURN_URLS and TURN_SECRET need each other/],
    [{ HTTP_PORT: '3e3' }, /HTTP_PORT=3e3: expected a whole number/],
    [{ HTTP_HOST: 'localhost' }, /HTTP_HOST=localhost: expected an IPv4 or IPv6 address/],
    [{ MEDIASOUP_LISTEN_IP: '0.0.0.0' }, /Add the IPv4 address .* to MEDIASOUP_ANNOUNCED_ADDRESS/],
    [
      { MEDIASOUP_ANNOUNCED_ADDRESS: '2001:db8::1' },
      /no listening address for 2001:db8::1. Add an IPv6 address .* to MEDIASOUP_LISTEN_IP/,
    ],
    [
      { MEDIASOUP_ANNOUNCED_PORT: '30000', MEDIASOUP_USE_WEBRTC_SERVER: 'false' },
      /MEDIASOUP_ANNOUNCED_PORT=30000 .* in multi-port each transport has its own: unset it/,
    ],
    [
      { MEDIASOUP_ANNOUNCED_PORT: '65534', MEDIASOUP_NUM_WORKERS: '3' },
      /MEDIASOUP_ANNOUNCED_PORT=65534 .* would need port 65536: the highest start is 65533/,
    ],
    [
      { MEDIASOUP_ANNOUNCED_IP: '192.0.2.1' },
      /MEDIASOUP_ANNOUNCED_IP: unknown setting. Its name is MEDIASOUP_ANNOUNCED_ADDRESS/,
    ],
    [
      { DASHBOARD_TOKEN: 'a-secret-of-16-letters' },
      /DASHBOARD_TOKEN: unknown setting. Its name is PORT_MAP_TOKEN/,
    ],
    [
      { MEDIASOUP_MIN_PORT: '5000', MEDIASOUP_MAX_PORT: '4000' },
      /the first port is above the last; swap them/,
    ],
    [
      { MEDIASOUP_MIN_PORT: '40000', MEDIASOUP_MAX_PORT: '40014', MEDIASOUP_NUM_WORKERS: '4' },
      /divided among 4 workers: each needs at least 4 ports/,
    ],
    [
      { MEDIASOUP_PORT: '65535', MEDIASOUP_NUM_WORKERS: '2' },
      /would need port 65536: the highest start is 65534/,
    ],
    [
      { HTTP_PORT: '44445', MEDIASOUP_NUM_WORKERS: '2' },
      /HTTP_PORT=44445 is one of the workers' TCP ports/,
    ],
    [{ HTTPS: 'on' }, /HTTPS=on/],
    [{ HTTPS_CERT_FULLCHAIN: 'a.pem' }, /set both/],
    [{ HTTPS: 'self-signed', HTTPS_CERT_PRIVKEY: 'a.pem' }, /unset one of them/],
    [{ ALLOWED_ORIGINS: 'example.org' }, /expected origins such as/],
    [{ BASE_PATH: 'calls' }, /BASE_PATH=calls: expected a path such as/],
    [{ BASE_PATH: '/calls' }, /BASE_PATH=\/calls: expected a path such as/],
    [{ BASE_PATH: '/../' }, /expected a path such as/],
    [{ EMBED_ORIGINS: '*' }, /EMBED_ORIGINS=\*: .*expected origins such as/],
    [{ MAX_ROOMS: '0' }, /MAX_ROOMS=0/],
    [{ MAX_WORKER_CPU: '101' }, /MAX_WORKER_CPU=101: expected a whole number from 1 to 100/],
    [{ TRUST_PROXY: '10.0.0.0/8, proxy' }, /TRUST_PROXY=.*expected addresses, networks/],
    [{ TRUST_PROXY: 'true' }, /TRUST_PROXY=true: expected/],
    [{ TRUST_PROXY: '0' }, /TRUST_PROXY=0: expected .* or the number of proxies, 1 to 9/],
    [{ TRUST_PROXY: '10.1' }, /TRUST_PROXY=10.1: expected/],
    [{ TRUST_PROXY: '10.0.0.1,1' }, /TRUST_PROXY=10.0.0.1,1: expected/],
    [{ ALLOWED_ORIGINS: 'https://*.example.org' }, /without wildcards and paths/],
    [{ EMBED_ORIGINS: 'https://example.org/page' }, /without wildcards and paths/],
    [
      { HTTPS: 'off', HTTPS_CERT_FULLCHAIN: 'a', HTTPS_CERT_PRIVKEY: 'b' },
      /HTTPS=off and HTTPS_CERT/,
    ],
    [{ HSTS: 'max-age=1' }, /HSTS needs HTTPS_CERT_FULLCHAIN/],
    [{ HSTS: 'true' }, /HSTS=true: expected a value of Strict-Transport-Security/],
    [{ AUTH_CLOCK_SKEW_SECONDS: '1' }, /AUTH_CLOCK_SKEW_SECONDS without keys has no effect/],
    [
      { TURN_URLS: 'turn:turn.example:99999', TURN_SECRET: 'sixteen characters' },
      /expected ports from 1 to 65535/,
    ],
    [{ ALLOWED_ORIGIN: 'https://a.example' }, /unknown setting. Did you mean ALLOWED_ORIGINS/],
    [{ METRICS_TOKEN: 'a-token-of-metrics' }, /need METRICS_PORT/],
    [{ METRICS_PORT: '9464', METRICS_HOST: '0.0.0.0' }, /Set METRICS_TOKEN too/],
    [{ METRICS_PORT: '3000' }, /METRICS_PORT=3000 is taken by HTTP_PORT/],
    [
      { METRICS_PORT: '44445', MEDIASOUP_NUM_WORKERS: '2' },
      /METRICS_PORT=44445 is taken by MEDIASOUP_PORT/,
    ],
  ])('refuses %j', (env, message) => {
    expect(() => loadConfig(env)).toThrow(ConfigError);
    expect(() => loadConfig(env)).toThrow(message);
  });

  test('names all wrong settings at once', () => {
    expect(() => loadConfig({ HTTP_PORT: 'a', MAX_ROOMS: 'b' })).toThrow(/HTTP_PORT.*MAX_ROOMS/s);
  });

  test('reads lists of addresses, and the announced port', () => {
    const { media } = loadConfig({
      MEDIASOUP_LISTEN_IP: '0.0.0.0, ::',
      MEDIASOUP_ANNOUNCED_ADDRESS: '203.0.113.7,2001:DB8::0:1',
      MEDIASOUP_ANNOUNCED_PORT: '30000',
    });
    expect(media).toMatchObject({
      listenIps: ['0.0.0.0', '::'],
      announcedAddresses: ['203.0.113.7', '2001:db8::1'],
      announcedPort: 30000,
    });
  });

  test('compares origins and proxies by meaning', () => {
    const { http } = loadConfig({
      ALLOWED_ORIGINS: 'https://Call.Example:443, http://call.example./',
      TRUST_PROXY: '2',
    });
    expect(http).toMatchObject({
      allowedOrigins: ['https://call.example', 'http://call.example'],
      trustedProxies: 2,
    });
  });

  test('warns of limits that have no effect in the port mode', () => {
    const env = { MAX_TCP_PENDING: '7' };
    expect(loadConfig(env).warnings).toEqual([expect.stringMatching(/^MAX_TCP_PENDING without/)]);
    expect(loadConfig({ ...env, MEDIASOUP_USE_WEBRTC_SERVER: 'shared' }).warnings).toEqual([]);
  });

  test('allows HTTP on the media port in shared-port only', () => {
    const onePort = { MEDIASOUP_PORT: '443', HTTP_PORT: '443' };
    const shared = loadConfig({ ...onePort, MEDIASOUP_USE_WEBRTC_SERVER: 'shared' });
    expect(shared.http.sharesMediaPort).toBe(true);
    expect(() => loadConfig(onePort)).toThrow(
      /HTTP_PORT=443 is one of the workers' TCP ports .* MEDIASOUP_USE_WEBRTC_SERVER=shared/,
    );
  });

  test.each(['MEDIASOUP_USE_WEBRTC_SERVRE', 'MEDIASOUP_USE_WEBRTC_SERVERS'])(
    'rejects %s, a misspelt name',
    (name) => {
      expect(() => loadConfig({ [name]: 'shared' })).toThrow(
        `${name}: unknown setting. Did you mean MEDIASOUP_USE_WEBRTC_SERVER?`,
      );
    },
  );

  test('warns of unknown MEDIASOUP_ and AUTH_ names, except those of mediasoup’s installation', () => {
    const { warnings } = loadConfig({
      MEDIASOUP_INGRESS_HOST: '203.0.113.7',
      AUTH_USER: 'me',
      MEDIASOUP_WORKER_PREBUILT_DOWNLOAD_BASE_URL: 'https://example.org',
    });
    expect(warnings).toEqual([
      expect.stringMatching(/^MEDIASOUP_INGRESS_HOST is not a setting/),
      expect.stringMatching(/^AUTH_USER is not a setting/),
    ]);
  });

  test('warns if other machines can open the page but get no media', () => {
    const onLoopback = { MEDIASOUP_LISTEN_IP: '127.0.0.1,::1', HTTPS: 'self-signed' };
    expect(loadConfig(onLoopback).warnings).toEqual([
      expect.stringMatching(/^MEDIASOUP_LISTEN_IP=127.0.0.1,::1 .*HTTP_HOST=0.0.0.0/),
    ]);
    for (const also of [
      { MEDIASOUP_LISTEN_IP: '127.0.0.1,192.0.2.1' },
      { MEDIASOUP_LISTEN_IP: '' },
      { MEDIASOUP_ANNOUNCED_ADDRESS: '203.0.113.7,2001:db8::7' },
      { HTTP_HOST: '127.0.0.1' },
    ]) {
      expect(loadConfig({ ...onLoopback, ...also }).warnings).toEqual([]);
    }
  });

  test('warns of plain HTTP for other machines', () => {
    expect(loadConfig({ HTTP_HOST: '0.0.0.0' }).warnings).toEqual([
      expect.stringMatching(/HTTP_HOST=0.0.0.0 without HTTPS: .* refuse camera/),
    ]);
    for (const HTTP_HOST of ['127.0.0.2', '::1']) {
      expect(loadConfig({ HTTP_HOST }).warnings).toEqual([]);
    }
  });

  test('warns if only hostnames are announced', () => {
    const warningsFor = (addresses: string) =>
      loadConfig({ MEDIASOUP_ANNOUNCED_ADDRESS: addresses }).warnings;
    expect(warningsFor('media.example.org')).toEqual([
      expect.stringMatching(/hostnames only\. Firefox/),
    ]);
    expect(warningsFor('media.example.org,203.0.113.7')).toEqual([]);
  });

  test('warns of a narrow port range in multi-port', () => {
    const narrow = {
      MEDIASOUP_MIN_PORT: '40000',
      MEDIASOUP_MAX_PORT: '40099',
      MEDIASOUP_NUM_WORKERS: '2',
    };
    expect(loadConfig(narrow).warnings).toEqual([]);
    expect(loadConfig({ ...narrow, MEDIASOUP_USE_WEBRTC_SERVER: 'false' }).warnings).toEqual([
      expect.stringMatching(/for more than 25 peers per worker/),
    ]);
  });

  test('listens on all addresses with a self-signed certificate', () => {
    expect(loadConfig({ HTTPS: 'self-signed' }).http).toMatchObject({
      host: '0.0.0.0',
      tls: { kind: 'self-signed' },
    });
    expect(loadConfig({ HTTPS: 'self-signed', HTTP_HOST: '127.0.0.1' }).http.host).toBe(
      '127.0.0.1',
    );
  });
});

test('--help shows every variable with its default', () => {
  const text = describeSettings();
  for (const name of ['MEDIASOUP_USE_WEBRTC_SERVER', 'HTTPS_CERT_PRIVKEY', 'LOG_LEVEL']) {
    expect(text).toMatch(new RegExp(`${name}\n( {6}\\S.*\n)+ {6}Default: `));
  }
});

test.each(Object.entries(settings))('%s: the default is described, and is valid', (_, setting) => {
  expect(literalDefault(setting) ?? ('unset' in setting && setting.unset)).toBeTruthy();
  expect(setting.schema.safeParse(undefined).success).toBe(true);
});

test.each(['short', 'with a space in it', 'x'.repeat(129)])(
  'an invalid token is not shown: %s',
  (token) => {
    const load = () => loadConfig({ PORT_MAP_TOKEN: token });
    expect(load).toThrow(/PORT_MAP_TOKEN: expected 16 to 128 characters/);
    expect(load).not.toThrow(token);
  },
);

const jwtSecret = 'a-secret-of-enough-characters-for-this';

describe('AUTH_*: the source of keys', () => {
  test.each([
    [
      { AUTH_JWT_SECRET: `${jwtSecret}, ${jwtSecret}2` },
      { kind: 'secrets', secrets: [jwtSecret, `${jwtSecret}2`] },
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

test('AUTH_*: the rules for tokens', () => {
  const rules = {
    AUTH_ISSUER: 'me',
    AUTH_AUDIENCE: 'calls',
    AUTH_CLOCK_SKEW_SECONDS: '0',
    AUTH_MAX_EXPIRY_DAYS: '7',
  };
  expect(loadConfig({ AUTH_JWT_SECRET: jwtSecret, ...rules }).auth).toMatchObject({
    issuer: 'me',
    audience: 'calls',
    clockSkew: 0,
    maxExpiryDays: 7,
  });
});

describe('AUTH_*: rejects, with a message that says what is allowed,', () => {
  test.each([
    [{ AUTH_JWT_SECRET: 'hunter2' }, /AUTH_JWT_SECRET: expected secrets of 32 to 512/],
    [{ AUTH_JWT_SECRET: `${jwtSecret},hunter2` }, /AUTH_JWT_SECRET: expected secrets of 32/],
    [{ AUTH_JWT_SECRET: ',' }, /expected 1 to 10 secrets/],
    [{ AUTH_JWT_SECRET: jwtSecret, AUTH_JWKS_FILE: '/x' }, /unset all but one/],
    [{ AUTH_JWKS_URL: 'http://issuer.example/jwks' }, /expected an https URL/],
    [{ AUTH_JWKS_URL: 'https://me:hunter2@issuer.example/jwks' }, /expected an https URL/],
    [{ AUTH_ISSUER: 'me' }, /AUTH_ISSUER without keys/],
    [{ AUTH_JWT_SECRET: jwtSecret, AUTH_CLOCK_SKEW_SECONDS: '301' }, /from 0 to 300/],
    [{ AUTH_JWT_SECRET: jwtSecret, AUTH_CLOCK_SKEW_SECONDS: '-1' }, /from 0 to 300/],
  ])('%o', (env, message) => {
    expect(() => loadConfig(env)).toThrow(ConfigError);
    expect(() => loadConfig(env)).toThrow(message);
    if (!('AUTH_JWKS_URL' in env)) {
      expect(() => loadConfig(env)).not.toThrow(/hunter2|a-secret/);
    }
  });

  test('AUTH_*: rejects a misspelt name, which would silently leave rooms open', () => {
    expect(() => loadConfig({ AUTH_JWT_SECERT: jwtSecret })).toThrow(
      /^ {2}AUTH_JWT_SECERT: unknown setting\. Did you mean AUTH_JWT_SECRET\?$/m,
    );
    expect(() => loadConfig({ AUTH_JWT_SECERT: jwtSecret })).not.toThrow(jwtSecret);
  });
});
