/** Logs contain no secrets: neither settings nor tokens and passwords that are sent while the server runs. */
import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { get } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import { PortMapViewer } from '../../testkit/clients/port-map-viewer.ts';
import { TestPeer } from '../../testkit/clients/test-peer.ts';
import { freePorts } from '../../testkit/servers/free-ports.ts';
import { type ServerProcess, startServerProcess } from '../../testkit/servers/server-process.ts';
import { testToken } from '../../testkit/servers/tokens.ts';
import { childrenOf } from '../../testkit/system/processes.ts';
import { type Setting, settings } from '../src/config/settings.ts';

/** A value for each setting that is marked as secret. The first test fails until a new one is added here. */
const secretSettings: Record<string, string> = {
  AUTH_JWT_SECRET: 'oneport-secret-that-signs-tokens-51d0c2',
  PORT_MAP_TOKEN: 'oneport-secret-port-map-8c1f0f',
  METRICS_TOKEN: 'oneport-secret-for-prometheus-e45d',
  TURN_SECRET: 'oneport-secret-of-the-turn-server-0a7e',
};

/** The settings that some of the secrets require. @param metricsPort - a free port */
function besideSecrets(metricsPort: number): Record<string, string> {
  return { METRICS_PORT: String(metricsPort), TURN_URLS: 'turn:turn.example:3478' };
}

const allSettings = Object.entries<Setting>(settings).map(([name, { secret }]) => ({
  name,
  secret,
}));
const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'oneport-secrets-'));
const [certFile, keyFile] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
const httpsSettings = { HTTPS_CERT_FULLCHAIN: certFile, HTTPS_CERT_PRIVKEY: keyFile };
/** The base64 lines of the PEM file. */
let privateKey: string[];

beforeAll(() => {
  execFileSync(
    'openssl',
    ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=localhost'].concat([
      ...['-keyout', keyFile],
      ...['-out', certFile],
    ]),
    { stdio: 'ignore' },
  );
  privateKey = readFileSync(keyFile, 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('-----'));
});

afterAll(() => rmSync(folder, { recursive: true }));

/** Starts a server at the most verbose level. */
async function start(env: Record<string, string> = {}, nodeOptions: string[] = []) {
  const metricsPort = await freePorts(1);
  const beside = besideSecrets(metricsPort);
  const server = await startServerProcess(
    { ...secretSettings, ...beside, ...httpsSettings, LOG_LEVEL: 'debug', ...env },
    { command: [process.execPath, ...nodeOptions, main] },
  );
  onTestFinished(() => server.stop());
  return { ...server, metricsPort };
}

function expectNoSecret(output: string, secrets: readonly string[]): void {
  expect(secrets.filter((secret) => secret.length < 8 || output.includes(secret))).toEqual([]);
}

const signallingOf = ({ url }: ServerProcess) => `${url.replace('http', 'wss')}/signalling`;
const urlOf = ({ url }: ServerProcess) => url.replace('http', 'https');

/** The secrets in a peer's `welcome`. */
async function secretsOf(peer: TestPeer): Promise<string[]> {
  const { resumeSecret, iceServers, sendTransport, recvTransport } = await peer.welcome();
  const passwords = [sendTransport, recvTransport].map((one) => one?.iceParameters.password ?? '');
  return [resumeSecret, ...passwords, ...iceServers.map(({ credential = '' }) => credential)];
}

function tokenOf(peerId: string): Promise<string> {
  return testToken({ sub: peerId, room: '*' }, secretSettings.AUTH_JWT_SECRET);
}

/** The secret part of a token. */
const signatureOf = (token: string) => token.slice(token.lastIndexOf('.') + 1);

test('these tests have a value for every secret setting', () => {
  const secret = allSettings.filter((setting) => setting.secret).map(({ name }) => name);
  expect(Object.keys(secretSettings).sort()).toEqual(secret.sort());
});

test('a setting whose name suggests a secret is marked as one, or names a file', () => {
  const suspects = allSettings.filter(({ name }) => /TOKEN|SECRET|PASS|KEY|CREDENTIAL/.test(name));
  const unmarked = suspects.filter(({ secret }) => !secret).map(({ name }) => name);
  expect(suspects.length).toBeGreaterThan(unmarked.length);
  expect(unmarked.filter((name) => !name.endsWith('_FILE'))).toEqual(['HTTPS_CERT_PRIVKEY']);
});

test('a call, rejected clients, and a worker that dies', { timeout: 60_000 }, async () => {
  const server = await start();
  const signalling = signallingOf(server);
  const [wrongResume, wrongToken, inUrl] = [
    'wrong-resume-7d1',
    'wrong-token-52ab41',
    'in-a-url-9a3c',
  ];
  const secrets = [...Object.values(secretSettings), ...privateKey, wrongResume, wrongToken, inUrl];

  const [ofAlice, ofBob] = [await tokenOf('alice'), await tokenOf('bob')];
  const forged = await testToken(
    { sub: 'alice', room: '*' },
    'a-secret-that-the-server-does-not-know',
  );
  secrets.push(...[ofAlice, ofBob, forged].map(signatureOf));

  const options = { signalling, roomId: 'logged' };
  const alice = await TestPeer.join({ ...options, peerId: 'alice', query: { token: ofAlice } });
  const bob = await TestPeer.join({ ...options, peerId: 'bob', query: { token: ofBob } });
  secrets.push(...(await secretsOf(alice)), ...(await secretsOf(bob)));
  await alice.produce('camera');
  const { sendTransport, resumeSecret } = await alice.welcome();
  const restarted = await alice.request('restartIce', {
    transportId: sendTransport?.transportId ?? '',
  });
  secrets.push(restarted.iceParameters.password);

  // A resume, then rejections: a wrong, a used and a far too long secret, and wrong tokens.
  const again = await TestPeer.join({
    ...options,
    peerId: 'alice',
    query: { resume: resumeSecret, token: ofAlice },
  });
  secrets.push(...(await secretsOf(again)));
  const wrong: Record<string, string>[] = [
    { resume: wrongResume, token: ofAlice },
    { resume: resumeSecret, token: ofAlice },
    { resume: `${wrongResume}${'x'.repeat(80)}`, token: ofAlice },
    { token: inUrl },
    { token: forged },
  ];
  for (const query of wrong) {
    const refused = new TestPeer({ ...options, peerId: 'alice', query });
    expect((await refused.closed).code).toBeGreaterThanOrEqual(4400);
  }

  // Invalid data that contains secrets.
  await expect(again.rawRequest('join', { token: wrongToken })).rejects.toThrow();
  await expect(again.rawRequest('produce', wrongToken)).rejects.toThrow();
  bob.socket.send(`{"request":true,"resume":"${wrongResume}`);
  await bob.closed;

  // Other origins, the API, the port map.
  const foreign = new WebSocket(`${signalling}?token=${inUrl}`, 'protoo', {
    origin: 'https://evil.example',
    rejectUnauthorized: false,
  });
  await once(foreign, 'error');
  for (const path of ['api/nothing', '%ff', 'health', 'nowhere']) {
    const headers = { authorization: `Bearer ${inUrl}`, cookie: `token=${inUrl}` };
    const asked = get(`${urlOf(server)}/${path}?token=${inUrl}`, {
      headers,
      rejectUnauthorized: false,
    });
    const [response] = await once(asked, 'response');
    response.resume();
  }
  const [token = ''] = [secretSettings.PORT_MAP_TOKEN];
  const viewer = await PortMapViewer.open({ url: urlOf(server), token });
  await viewer.nextUpdate();
  viewer.close();
  await expect(PortMapViewer.open({ url: urlOf(server), token: wrongToken })).rejects.toThrow();

  for (const bearer of [secretSettings.METRICS_TOKEN, wrongToken]) {
    const headers = { authorization: `Bearer ${bearer}` };
    const { ok } = await fetch(`http://127.0.0.1:${server.metricsPort}/metrics`, { headers });
    expect(ok).toBe(bearer !== wrongToken);
  }

  const [workerPid = 0] = childrenOf(server.process.pid ?? 0);
  const inherited = readFileSync(`/proc/${workerPid}/environ`, 'utf8');
  expect(inherited).toContain('MEDIASOUP_VERSION=');
  expect(inherited).not.toContain('LOG_LEVEL=');
  expectNoSecret(inherited, Object.values(secretSettings));
  process.kill(workerPid, 'SIGKILL');
  await expect.poll(server.output).toContain('worker died');
  await server.stop();

  const output = server.output();
  // Shows that this is the whole log.
  for (const message of ['peer joined', 'peer rejected', 'request rejected', 'viewer rejected']) {
    expect(output).toContain(message);
  }
  expect(output).toContain('websocket rejected: origin not in ALLOWED_ORIGINS');
  expectNoSecret(output, secrets);
});

test('a server that crashes during a call', async () => {
  // An uncaught error in the running server.
  const crash = "process.once('SIGUSR2', () => { throw new Error('unforeseen'); })";
  const server = await start({}, ['--import', `data:text/javascript,${crash}`]);
  const token = await tokenOf('alice');
  const peer = await TestPeer.join({ signalling: signallingOf(server), query: { token } });
  const secrets = [...Object.values(secretSettings), ...privateKey, ...(await secretsOf(peer))];
  secrets.push(signatureOf(token));
  const exit = once(server.process, 'close');
  server.process.kill('SIGUSR2');
  await exit;
  expect(server.output()).toContain('Error: unforeseen');
  expectNoSecret(server.output(), secrets);
});

test.each([
  ['a missing worker', { MEDIASOUP_WORKER_BIN: '/nowhere' }],
  ['a key in place of the certificate', { HTTPS_CERT_FULLCHAIN: keyFile }],
  ['a certificate in place of the key', { HTTPS_CERT_PRIVKEY: certFile }],
  ['the address of another machine', { HTTP_HOST: '192.0.2.1' }],
  ['a wrong setting', { MAX_ROOMS: 'many' }],
])('a start that fails because of %s', async (_, wrong) => {
  const { status, stdout, stderr } = run({
    ...secretSettings,
    ...besideSecrets(await freePorts(1)),
    ...httpsSettings,
    ...wrong,
  });
  expect(status).toBe(1);
  expect(stderr).toMatch(/^oneport can't start:\n/m);
  expectNoSecret(stdout + stderr, [...Object.values(secretSettings), ...privateKey]);
});

test.each(allSettings.filter(({ secret }) => secret))(
  'a start that fails because $name is wrong',
  async ({ name }) => {
    const wrong = '¡wrong secret!';
    const { status, stdout, stderr } = run({ ...besideSecrets(await freePorts(1)), [name]: wrong });
    expect(status).toBe(1);
    expect(stderr).toContain(`${name}: `);
    expectNoSecret(stdout + stderr, [wrong]);
  },
);

function run(env: Record<string, string>) {
  return spawnSync(process.execPath, [main], {
    env: { ...process.env, LOG_LEVEL: 'debug', ...env },
    encoding: 'utf8',
  });
}
