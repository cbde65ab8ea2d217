import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { IcePeer } from '../../testkit/clients/ice-peer.ts';
import { TestPeer } from '../../testkit/clients/test-peer.ts';
import { portMapToken } from '../../testkit/servers/server-process.ts';
import { startTestServer, type TestServer } from '../../testkit/servers/test-server.ts';

const main = fileURLToPath(new URL('main.ts', import.meta.url));

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});

afterAll(() => server.stop());

async function whois(what: string[], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, [main, ...what], {
    env: {
      ...process.env,
      HTTP_PORT: new URL(server.url).port,
      PORT_MAP_TOKEN: portMapToken,
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [output, errors, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit'),
  ]);
  return { output, errors, code };
}

// Four processes in turn, on a machine that may be busy.
test('finds the peer of an address, of a log line and of a room', { timeout: 60_000 }, async () => {
  const peer = await TestPeer.join({ signalling: server.signalling, roomId: 'blue' });
  const { sendTransport } = await peer.welcome();
  const ice = await IcePeer.open({ ip: '127.0.0.1', port: server.mediaPort });
  await ice.check(sendTransport?.iceParameters ?? { usernameFragment: '', password: '' });
  const { address, port } = ice.remote;

  const { output, code } = await whois([`${address}:${port}`]);
  expect(output).toMatch(
    new RegExp(
      `^peer ${peer.peerId} \\("${peer.displayName}"\\) in room blue, sends\n {2}${address}:${port} -> udp ${server.mediaPort}, for \\d+ s\n`,
    ),
  );
  expect(output).toContain(`ufrag ${sendTransport?.iceParameters.usernameFragment}`);
  expect(output, 'rates, on the first request').toMatch(
    /^ {2}\d+ bytes\/s in, \d+ out; \d+ RTP packets\/s in, \d+ out$/m,
  );
  expect(code).toBe(0);

  const line = `SRC=${address} DST=127.0.0.1 PROTO=UDP SPT=${port} DPT=${server.mediaPort}`;
  expect((await whois(line.split(' '))).output.match(/^peer .*/gm)).toEqual([
    expect.stringContaining(`peer ${peer.peerId}`),
  ]);
  const unknown = line.replace(/SPT=\d+/, 'SPT=9');
  expect((await whois(unknown.split(' '))).code).toBe(1);
  expect((await whois(['blue'])).output.match(/^peer /gm)).toHaveLength(2);
  await Promise.all([peer.leave(), ice.close()]);
});

test('reports an address that no transport has', async () => {
  const { output, code } = await whois(['203.0.113.7:51234']);
  expect(output).toMatch(/^no match \(single-port/);
  expect(code).toBe(1);
});

test.each([[[]], [['']], [[' ', '']], [['x'.repeat(301)]]])(
  'rejects an empty or too long search: %j',
  async (what) => {
    const { output, errors, code } = await whois(what);
    expect({ output, code }).toEqual({ output: '', code: 2 });
    expect(errors).toMatch(
      /^oneport: (nothing to look for|at most 300 characters)\n\nUsage: npm run whois/,
    );
  },
);

test.each([
  ['a wrong token', { PORT_MAP_TOKEN: 'not-the-right-token' }, /token: wrong or missing/],
  ['no token', { PORT_MAP_TOKEN: '', ONEPORT_CACHE: '/nonexistent' }, /port-map-token has none/],
  ['a wrong port', { HTTP_PORT: '1' }, /127.0.0.1:1: .*Is the server running/],
  ['a wrong setting', { HTTP_PORT: 'x' }, /HTTP_PORT=x: expected a whole number/],
])('says what is wrong with %s', async (_, env, message) => {
  const { errors, code } = await whois(['203.0.113.7:51234'], env);
  expect(errors).toMatch(message);
  expect(errors).not.toContain('    at ');
  expect(code).toBe(2);
});
