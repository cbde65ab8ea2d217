/** Tokens over real sockets: admission and permissions. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { closeCodes, closeReasons } from '@oneport/protocol';
import { base64url } from 'jose';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { TestPeer } from '../../../testkit/clients/test-peer.ts';
import { startServerProcess } from '../../../testkit/servers/server-process.ts';
import { startTestServer, type TestServer } from '../../../testkit/servers/test-server.ts';
import {
  type TestClaims,
  type TestTokenTimes,
  testSecret,
  testToken,
} from '../../../testkit/servers/tokens.ts';

const skew = 30;
let server: TestServer;

beforeAll(async () => {
  server = await startTestServer({
    AUTH_JWT_SECRET: `${testSecret},${'a-second-secret-'.repeat(3)}`,
    AUTH_ISSUER: 'https://issuer.example',
    AUTH_AUDIENCE: 'calls',
    AUTH_CLOCK_SKEW_SECONDS: String(skew),
  });
});

afterAll(() => server.stop());

const good = { issuer: 'https://issuer.example', audience: 'calls' };

function connect(token: string | undefined, roomId = 'room'): TestPeer {
  const query: Record<string, string> = token === undefined ? {} : { token };
  return new TestPeer({ signalling: server.signalling, roomId, query });
}

async function join(claims: TestClaims, roomId = 'room'): Promise<TestPeer> {
  const token = await testToken({ room: roomId, ...claims }, testSecret, good);
  return TestPeer.join({ signalling: server.signalling, roomId, query: { token } });
}

describe('admits', () => {
  test.each<[string, TestClaims, TestTokenTimes]>([
    ['a token for this room', {}, {}],
    ['a token for all rooms', { room: '*' }, {}],
    ['a token that expired within the clock skew', {}, { expiresIn: -skew + 15 }],
    ['a token that is not valid yet, within the clock skew', {}, { notBeforeIn: skew - 15 }],
  ])('%s', async (_, claims, times) => {
    const peer = connect(await testToken(claims, testSecret, { ...good, ...times }));
    expect(await peer.welcome()).toMatchObject({ permissions: { watch: true, moderate: false } });
    await peer.leave();
  });

  test('a token signed with the second of the secrets', async () => {
    const peer = connect(await testToken({}, 'a-second-secret-'.repeat(3), good));
    await peer.welcome();
    await peer.leave();
  });
});

describe('rejects with 4401', () => {
  const unsigned = async () => {
    const [, claims] = (await testToken({}, testSecret, good)).split('.');
    return `${base64url.encode('{"alg":"none"}')}.${claims}.`;
  };
  test.each<[string, () => Promise<string | undefined>, string]>([
    ['no token', async () => undefined, closeReasons.tokenMissing],
    ['a text that is not a token', async () => 'letmein', closeReasons.tokenInvalid],
    ['alg none', unsigned, closeReasons.tokenInvalid],
    ['a wrong key', () => testToken({}, 'wrong'.repeat(8), good), closeReasons.tokenInvalid],
    [
      'an expired token',
      () => testToken({}, testSecret, { ...good, expiresIn: -skew - 2 }),
      closeReasons.tokenExpired,
    ],
    [
      'a token that is not valid yet',
      () => testToken({}, testSecret, { ...good, notBeforeIn: skew + 15 }),
      closeReasons.tokenTooEarly,
    ],
    [
      'a token for another room',
      () => testToken({ room: 'other' }, testSecret, good),
      closeReasons.tokenOtherRoom,
    ],
    [
      'a token for another audience',
      () => testToken({}, testSecret, { ...good, audience: 'mail' }),
      closeReasons.tokenInvalid,
    ],
    [
      'a token of another issuer',
      () => testToken({}, testSecret, { ...good, issuer: 'https://other.example' }),
      closeReasons.tokenInvalid,
    ],
  ])('%s', async (_, token, reason) => {
    const peer = connect(await token());
    expect(await peer.closed).toEqual({ code: closeCodes.unauthorized, reason });
    expect(
      peer.frames.map(({ message }) => message.method),
      'nothing was sent to it',
    ).toEqual([]);
    expect(server.rooms.size, 'no room was opened for it').toBe(0);
  });

  test('the token of another subject, even with the resume secret', async () => {
    const ada = await join({ sub: 'ada' });
    const { resumeSecret } = await ada.welcome();
    const again = (token: string) =>
      new TestPeer({
        signalling: server.signalling,
        peerId: ada.peerId,
        query: { token, resume: resumeSecret },
      });
    const bob = again(await testToken({ sub: 'bob' }, testSecret, good));
    expect(await bob.closed).toMatchObject({ code: closeCodes.unauthorized });
    const herself = again(await testToken({ sub: 'ada' }, testSecret, good));
    await herself.welcome();
    await herself.leave();
  });
});

describe('a token without', () => {
  test('publish gets no sending transport', async () => {
    const peer = await join({ publish: [] });
    const { sendTransport, recvTransport, permissions } = await peer.welcome();
    expect(sendTransport).toBeUndefined();
    expect(permissions.publish).toEqual([]);
    await expect(
      peer.produce('camera', { transportId: recvTransport?.transportId ?? '' }),
    ).rejects.toMatchObject({ code: 403 });
    await peer.leave();
  });

  test.each([
    ['microphone', ['camera', 'screen']],
    ['camera', ['microphone', 'screen']],
    ['screen', ['microphone', 'camera']],
    ['screen-audio', ['microphone', 'camera']],
  ] as const)('publish of the %s can publish the other sources only', async (source, publish) => {
    const peer = await join({ publish: [...publish] });
    await expect(peer.produce(source)).rejects.toMatchObject({ code: 403 });
    for (const allowed of publish) {
      await peer.produce(allowed);
    }
    await peer.leave();
  });

  test('watch gets no receiving transport and no chat', async () => {
    const ada = await join({ sub: 'ada' });
    await ada.request('sendChatMessage', { text: 'between us' });
    await ada.produce('microphone');
    const peer = connect(await testToken({ watch: false }, testSecret, good));
    const welcome = await peer.welcome();
    expect(welcome.recvTransport).toBeUndefined();
    expect(welcome.dataConsumer).toBeUndefined();
    expect((await peer.join(welcome.generation)).chat).toEqual([]);
    // Had the peer been offered Ada's producer, the offer would have arrived before this one.
    await peer.produce('microphone');
    await ada.until(() => ada.batches.length > 0);
    await peer.request('changeDisplayName', { displayName: 'still here' });
    expect(peer.batches).toEqual([]);
    await Promise.all([ada.leave(), peer.leave()]);
  });

  test('chat can not send chat messages', async () => {
    const peer = await join({ chat: false });
    const writing = peer.request('sendChatMessage', { text: 'hello' });
    await expect(writing).rejects.toMatchObject({ code: 403 });
    await peer.leave();
  });

  test('moderate can not moderate, before joining or after', async () => {
    const target = await join({ sub: 'target' });
    const token = await testToken({ sub: 'nobody' }, testSecret, good);
    const peer = connect(token);
    const { generation } = await peer.welcome();
    const { peerId } = target;
    const attempts = () => [
      peer.request('mutePeer', { peerId, what: 'microphone' }),
      peer.request('removePeer', { peerId }),
      peer.request('setRoomLocked', { locked: true }),
      peer.request('closeRoom', {}),
      peer.request('admitPeer', { peerId }),
      peer.request('denyPeer', { peerId }),
    ];
    const refused = async () => {
      const outcomes = await Promise.allSettled(attempts());
      expect(outcomes.map((one) => one.status === 'rejected' && one.reason.code)).toEqual(
        Array(6).fill(403),
      );
    };
    await refused();
    await peer.join(generation);
    await refused();
    await target.request('changeDisplayName', { displayName: 'still here' });
    await Promise.all([target.leave(), peer.leave()]);
  });
});

test('resuming with another token applies its permissions, and closes what it does not permit', async () => {
  const bob = await join({ sub: 'bob' });
  const ada = await join({ sub: 'ada' });
  const microphone = await ada.produce('microphone');
  await ada.produce('camera');
  await bob.until(() => bob.batches.flatMap(({ consumers }) => consumers).length === 2);
  await ada.drop();
  const less = await testToken({ sub: 'ada', publish: ['microphone'] }, testSecret, good);
  const again = ada.resume({ keep: '1', token: less });
  const { generation, permissions } = await again.welcome();
  expect(permissions.publish).toEqual(['microphone']);
  const { producers } = await again.join(generation);
  expect(producers.map(({ producerId }) => producerId)).toEqual([microphone]);
  await bob.notification('consumerClosed');
  await expect(again.produce('camera')).rejects.toMatchObject({ code: 403 });

  // An expired token does not end the call, but prevents resuming.
  await again.drop();
  const old = await testToken({ sub: 'ada' }, testSecret, { ...good, expiresIn: -skew - 2 });
  const refused = again.resume({ keep: '1', token: old });
  expect(await refused.closed).toEqual({
    code: closeCodes.unauthorized,
    reason: closeReasons.tokenExpired,
  });
  const fresh = again.resume({ keep: '1', token: less });
  await fresh.welcome();
  await Promise.all([bob.leave(), fresh.leave()]);
});

test("the token's name overrides the name that its peer chooses", async () => {
  const ada = await join({ sub: 'ada' });
  const bob = await join({ sub: 'bob', name: 'Bob of Accounting' });
  expect(await bob.welcome()).toMatchObject({ displayName: 'Bob of Accounting' });
  expect(await ada.notification('newPeer')).toMatchObject({ displayName: 'Bob of Accounting' });
  const renaming = bob.request('changeDisplayName', { displayName: 'The Boss' });
  await expect(renaming).rejects.toMatchObject({ code: 403 });
  await Promise.all([ada.leave(), bob.leave()]);
});

test('secrets in a file are rotated while the server runs, and calls continue', async () => {
  const folder = mkdtempSync(joinPath(tmpdir(), 'oneport-rotation-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = joinPath(folder, 'secrets');
  const [before, after] = ['before-'.repeat(6), 'after-'.repeat(6)];
  writeFileSync(path, before);
  const other = await startTestServer({ AUTH_JWT_SECRET_FILE: path });
  onTestFinished(() => other.stop());
  const { signalling } = other;
  const query = async (secret: string) => ({ token: await testToken({}, secret) });

  const inside = await TestPeer.join({ signalling, query: await query(before) });
  writeFileSync(path, after);
  const late = new TestPeer({ signalling, query: await query(before) });
  expect(await late.closed).toEqual({
    code: closeCodes.unauthorized,
    reason: closeReasons.tokenInvalid,
  });
  const young = await TestPeer.join({ signalling, query: await query(after) });
  expect(await inside.notification('newPeer')).toMatchObject({ peerId: young.peerId });
  await Promise.all([inside.leave(), young.leave()]);
});

describe('the log', () => {
  test('contains no token and no secret, even at level debug', async () => {
    const secret = 'a-secret-that-is-in-no-log-'.repeat(2);
    const process = await startServerProcess({ AUTH_JWT_SECRET: secret, LOG_LEVEL: 'debug' });
    onTestFinished(() => process.stop());
    const signalling = `${process.url.replace('http', 'ws')}/signalling`;
    const tokens = await Promise.all([
      testToken({ sub: 'ada', moderate: true }, secret),
      testToken({ sub: 'bob' }, secret),
      testToken({}, secret, { expiresIn: -60 }),
      testToken({}, 'wrong'.repeat(8)),
      testToken({ room: 'elsewhere' }, secret),
    ]);
    const peers = tokens.map((token) => new TestPeer({ signalling, query: { token } }));
    const [ada, bob, ...refused] = peers as [TestPeer, TestPeer, ...TestPeer[]];
    const welcomes = await Promise.all([ada.welcome(), bob.welcome()]);
    for (const [index, peer] of [ada, bob].entries()) {
      await peer.join(welcomes[index]?.generation ?? 0);
    }
    await bob.rawRequest('produce', { token: tokens[1] }).catch(() => undefined);
    await ada.request('removePeer', { peerId: bob.peerId });
    await Promise.all([bob.closed, ...refused.map(({ closed }) => closed)]);
    await ada.leave();
    await process.stop();

    const output = process.output();
    expect(output).toContain('tokens required');
    expect(output).toContain('JWTExpired');
    expect(output).toContain('peer removed by moderator');
    const secrets = [secret, ...welcomes.map(({ resumeSecret }) => resumeSecret)];
    for (const token of tokens) {
      secrets.push(...token.split('.').slice(1));
    }
    for (const text of secrets) {
      expect(output).not.toContain(text);
    }
  });

  test('warns once that rooms are open when no keys are set', async () => {
    const process = await startServerProcess({});
    onTestFinished(() => process.stop());
    expect(process.output().match(/rooms are open: no token is required/g)).toHaveLength(1);
  });
});
