import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { createWorker, type types } from 'mediasoup';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { DtlsPeer } from '../testkit/clients/dtls-peer.ts';
import { skipWithPrebuiltWorker, workerOfTests } from '../testkit/servers/test-worker.ts';

const prefix = 'stand+2Dup/alice';
const named = /^stand\+2Dup\/alice\/[a-z0-9]{32}$/;
const listen = { protocol: 'udp', ip: '127.0.0.1' } as const;

let router: types.Router;
let webRtcServer: types.WebRtcServer;

beforeEach(skipWithPrebuiltWorker);

beforeEach(async () => {
  const worker = await createWorker({ workerBin: workerOfTests(), logLevel: 'error' });
  // Without a listener mediasoup throws the error.
  worker.on('died', () => {});
  router = await worker.createRouter({ mediaCodecs: [] });
  webRtcServer = await worker.createWebRtcServer({ listenInfos: [listen] });
  return () => worker.close();
});

describe.each([
  ['a WebRtcServer', () => ({ webRtcServer })],
  ['listenInfos', () => ({ listenInfos: [listen] })],
])('with %s', (_, where) => {
  const create = (iceUsernameFragmentPrefix?: string) =>
    router.createWebRtcTransport({ ...where(), iceUsernameFragmentPrefix });
  test('the fragment is the prefix and 32 random characters, and STUN requests succeed', async () => {
    const one = await create(prefix);
    const another = await create(prefix);
    expect(one.iceParameters.usernameFragment).toMatch(named);
    expect(another.iceParameters.usernameFragment).toMatch(named);
    expect(another.iceParameters.usernameFragment).not.toBe(one.iceParameters.usernameFragment);
    expect((await one.dump()).iceParameters).toEqual(one.iceParameters);
    expect(await checkFrom(one)).toBe('success');
    expect(await checkFrom(another)).toBe('success');
  });
  test('restartIce keeps the prefix and changes the random part', async () => {
    const transport = await create(prefix);
    const before = transport.iceParameters.usernameFragment;
    const { usernameFragment } = await transport.restartIce();
    expect(usernameFragment).toMatch(named);
    expect(usernameFragment).not.toBe(before);
    expect(await checkFrom(transport)).toBe('success');
  });
  test('without the option the fragment is 32 random characters, as before', async () => {
    const transport = await create();
    expect(transport.iceParameters.usernameFragment).toMatch(/^[a-z0-9]{32}$/);
    expect((await transport.restartIce()).usernameFragment).toMatch(/^[a-z0-9]{32}$/);
  });
  test('the longest prefix results in the longest fragment that RFC 8839 allows', async () => {
    const transport = await create('x'.repeat(223));
    expect(transport.iceParameters.usernameFragment).toHaveLength(256);
    expect(await checkFrom(transport)).toBe('success');
  });
  const bad = ['', 'x'.repeat(224), 'stand-up/alice', 'a b', 'a:b', 'é', 'a\n'];
  test.each(bad)('JavaScript rejects %j', async (text) => {
    await expect(create(text)).rejects.toThrow(/^if given, iceUsernameFragmentPrefix must be/);
    await expect(create(text)).rejects.toThrow(TypeError);
  });
  test.each(bad)('the worker itself rejects %j and stays alive', async (text) => {
    const check = sendUnchecked(text);
    await expect(create('checked')).rejects.toThrow(/iceUsernameFragmentPrefix (must have|has)/);
    await expect(create('checked')).rejects.toThrow(TypeError);
    expect((await webRtcServer.dump()).localIceUsernameFragments).toEqual([]);
    check();
    expect((await create(prefix)).iceParameters.usernameFragment).toMatch(named);
  });
});

test('JavaScript rejects a prefix that is not a string', async () => {
  const iceUsernameFragmentPrefix = 7 as unknown as string;
  await expect(
    router.createWebRtcTransport({ webRtcServer, iceUsernameFragmentPrefix }),
  ).rejects.toThrow(TypeError);
});

/**
 * Replaces the prefix in requests after JavaScript's check.
 *
 * @returns a function that stops this
 */
function sendUnchecked(text: string): () => void {
  const require = createRequire(import.meta.url);
  const folder = join(dirname(require.resolve('mediasoup')), 'fbs/web-rtc-transport');
  const { WebRtcTransportOptionsT } = require(join(folder, 'web-rtc-transport-options.js'));
  const { pack } = WebRtcTransportOptionsT.prototype;
  WebRtcTransportOptionsT.prototype.pack = function (builder: unknown) {
    this.iceUsernameFragmentPrefix = text;
    return pack.call(this, builder);
  };
  const end = () => {
    WebRtcTransportOptionsT.prototype.pack = pack;
  };

  onTestFinished(end);
  return end;
}

/** @returns the result of an ICE check */
async function checkFrom(transport: types.WebRtcTransport) {
  const client = await DtlsPeer.openTo(transport);
  return client.check(transport.iceParameters);
}
