/** Media relayed by a real coturn, configured as in deploy/. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Page } from 'playwright-core';
import { expect, onTestFinished, type TestContext, test } from 'vitest';
import { debianProgram } from '../scripts/debian/debian-program.ts';
import { openAccess } from '../server/src/access/access.ts';
import { iceServersFor } from '../server/src/signalling/ice-servers.ts';
import { launchChromium } from '../testkit/browser/chromium.ts';
import { PeerPage } from '../testkit/browser/peer-page.ts';
import { TurnClient } from '../testkit/clients/turn-client.ts';
import { readDeploy } from '../testkit/servers/deployed.ts';
import { freePorts } from '../testkit/servers/free-ports.ts';
import { startServerProcess } from '../testkit/servers/server-process.ts';

const patience = { timeout: 30_000, interval: 200 };
const secret = 'sixteen-characters-or-more';

test('peers that can only use the relay see each other', { timeout: 180_000 }, async (context) => {
  const coturn = await startCoturn(context);
  const server = await startServerProcess({
    TURN_URLS: `turn:127.0.0.1:${coturn.port}?transport=udp`,
    TURN_SECRET: secret,
  });
  onTestFinished(() => server.stop());
  const browser = await launchChromium();
  onTestFinished(() => browser.close());

  const options = { browser, url: server.url, roomId: 'turn', prepare: relayOnly };
  const peers = await PeerPage.joinBoth(options);
  for (const peer of peers) {
    await expect.poll(() => peer.received('video', 'framesDecoded'), patience).toBeGreaterThan(10);
    const stats = await peer.stats();
    const byId = new Map(stats.map((stat) => [stat.id, stat]));
    const selected = stats
      .filter(({ type }) => type === 'transport')
      .map((transport) => byId.get(String(transport.selectedCandidatePairId)))
      .map((pair) => byId.get(String(pair?.localCandidateId))?.candidateType);
    expect(selected).toEqual(['relay', 'relay']);
  }
  expect(coturn.output()).toMatch(
    /user <\d{10}:[\w-]+>: incoming packet ALLOCATE processed, success/,
  );
  expect(coturn.output()).not.toContain(secret);
});

test('the relay refuses TCP, addresses without media, and expired passwords', async (context) => {
  const coturn = await startCoturn(context);
  const connect = async (now?: number) => {
    const [server] = iceServersFor({ urls: [], secret }, openAccess, 'alice', now);
    const { username = '', credential = '' } = server ?? {};
    const client = await TurnClient.connect(coturn.port, { username, credential });
    onTestFinished(() => client.close());
    return client;
  };
  // 442: Unsupported Transport Protocol (RFC 8656, section 7.2).
  expect(await (await connect()).allocate('tcp')).toBe(442);
  const twoDaysAgo = Date.now() - 2 * 24 * 60 * 60 * 1000;
  expect(await (await connect(twoDaysAgo)).allocate('udp')).toBe(401);
  const client = await connect();
  expect(await client.allocate('udp')).toBe('success');
  for (const ip of ['127.0.0.2', '10.0.0.1', '192.0.2.1']) {
    expect(await client.permit(ip), ip).toBe(403);
  }
  expect(await client.permit('127.0.0.1')).toBe('success');
});

/** As in a network that only allows traffic to the relay. */
async function relayOnly(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const Original = window.RTCPeerConnection;
    window.RTCPeerConnection = class extends Original {
      constructor(configuration?: RTCConfiguration) {
        super({ ...configuration, iceTransportPolicy: 'relay' });
      }
    };
  });
}

async function startCoturn(context: TestContext): Promise<{ port: number; output(): string }> {
  const program = await debianProgram(
    {
      name: 'coturn',
      file: 'usr/bin/turnserver',
      libraries: [
        ...['libevent-core-2.1-7', 'libevent-extra-2.1-7', 'libevent-openssl-2.1-7'],
        ...['libevent-pthreads-2.1-7', 'libmariadb3', 'libpq5', 'libhiredis0.14'],
      ],
    },
    context,
  );
  const folder = mkdtempSync(join(tmpdir(), 'oneport-coturn-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const port = await freePorts(50);
  // Only addresses, ports and the secret differ, and TLS is off, because browsers would not trust the certificate.
  const changes: [RegExp, string][] = [
    [/^listening-port=.*$/m, `listening-port=${port}\nlistening-ip=127.0.0.1\nrelay-ip=127.0.0.1`],
    [/^tls-listening-port=.*$/m, 'no-tls\nno-dtls'],
    [/^(cert|pkey)=.*\n/gm, ''],
    [/^static-auth-secret=.*$/m, `static-auth-secret=${secret}`],
    [/^min-port=.*$/m, `min-port=${port + 1}`],
    [/^max-port=.*$/m, `max-port=${port + 49}`],
    [/^allowed-peer-ip=.*$/m, 'allowed-peer-ip=127.0.0.1\nallow-loopback-peers'],
  ];
  const text = changes.reduce((before, [from, to]) => {
    if (before.search(from) === -1) {
      throw new Error(`not found: ${from}`);
    }
    return before.replace(from, to);
  }, readDeploy('coturn/turnserver.conf'));
  writeFileSync(
    join(folder, 'turnserver.conf'),
    `${text}\nuserdb=${folder}/db\npidfile=${folder}/pid\n`,
  );

  const unpacked = join(dirname(program), '..', 'lib');
  const libraries = program.startsWith('/usr/bin')
    ? []
    : readdirSync(unpacked).map((name) => join(unpacked, name));
  const env = { ...process.env, LD_LIBRARY_PATH: libraries.join(':') };
  const missing = execFileSync('ldd', [program], { encoding: 'utf8', env }).match(/.*not found/g);
  if (missing) {
    context.skip(`coturn lacks libraries: ${missing.join()}`);
  }
  const child = spawn(program, ['-c', join(folder, 'turnserver.conf'), '-v'], { env, cwd: folder });
  onTestFinished(async () => {
    if (child.exitCode !== null || child.signalCode !== null) {
      return;
    }
    const exit = once(child, 'exit');
    child.kill('SIGTERM');
    await exit;
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (data) => {
      output += data;
    });
  }
  await expect.poll(() => output, patience).toMatch(/UDP listener opened|IPv4\. UDP listener/);
  return { port, output: () => output };
}
