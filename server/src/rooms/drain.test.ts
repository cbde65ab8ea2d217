import { closeCodes } from '@oneport/protocol';
import { expect, onTestFinished, test } from 'vitest';
import { TestPeer, type TestPeerOptions } from '../../../testkit/clients/test-peer.ts';
import { startTestServer, type TestServer } from '../../../testkit/servers/test-server.ts';
import { type TestClaims, testSecret, testToken } from '../../../testkit/servers/tokens.ts';

async function start(): Promise<TestServer> {
  const server = await startTestServer({ AUTH_JWT_SECRET: testSecret });
  onTestFinished(() => server.stop());
  return server;
}

async function withToken(server: TestServer, claims: TestClaims): Promise<TestPeerOptions> {
  const roomId = claims.room ?? 'room';
  return {
    signalling: server.signalling,
    roomId,
    query: { token: await testToken({ ...claims, room: roomId }) },
  };
}

function drain(server: TestServer): { stop: () => void; drained: Promise<void>; said: string[] } {
  const stop = new AbortController();
  const said: string[] = [];
  const drained = server.drain({
    seconds: 86_400,
    signal: stop.signal,
    say: (text) => said.push(text),
  });
  return { stop: () => stop.abort(), drained, said };
}

test('a peer in the lobby of an open room keeps waiting, and can be admitted', async () => {
  const server = await start();
  const moderator = await TestPeer.join(await withToken(server, { sub: 'mo', moderate: true }));
  await moderator.request('setRoomLocked', { locked: true });
  const visitor = new TestPeer(await withToken(server, { sub: 'ada' }));
  await visitor.notification('waiting');

  const { stop, drained, said } = drain(server);
  await moderator.notification('serverStopping');
  await moderator.request('admitPeer', { peerId: visitor.peerId });
  await visitor.notification('serverStopping');
  expect(said).toEqual([expect.stringContaining('all open rooms (1 room, 1 peer)')]);
  stop();
  await drained;
});

test('a peer in the lobby of a room that is not open is sent to another instance', async () => {
  const server = await start();
  const visitor = new TestPeer(await withToken(server, { sub: 'ada', lobby: true }));
  await visitor.notification('waiting');
  const { drained, said } = drain(server);
  expect(await visitor.closed).toEqual({
    code: closeCodes.restart,
    reason: 'the server is shutting down and opens no new rooms',
  });
  await drained;
  expect(said).toEqual([]);
});
