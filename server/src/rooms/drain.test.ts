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

function drain(server: TestServer): { enough: () => void; ended: Promise<void>; said: string[] } {
  const enough = new AbortController();
  const said: string[] = [];
  const ended = server.drain({
    seconds: 86_400,
    enough: enough.signal,
    say: (text) => said.push(text),
  });
  return { enough: () => enough.abort(), ended, said };
}

test('who waits to be let into an open room goes on waiting, and may be let in', async () => {
  const server = await start();
  const moderator = await TestPeer.join(await withToken(server, { sub: 'mo', moderate: true }));
  await moderator.request('setRoomLocked', { locked: true });
  const visitor = new TestPeer(await withToken(server, { sub: 'ada' }));
  await visitor.notification('waiting');

  const { enough, ended, said } = drain(server);
  await moderator.notification('serverStopping');
  await moderator.request('admitPeer', { peerId: visitor.peerId });
  await visitor.notification('serverStopping');
  expect(said).toEqual([expect.stringContaining('1 open room with 1 peer ended')]);
  enough();
  await ended;
});

test('who waits for a room that nobody has opened is sent elsewhere', async () => {
  const server = await start();
  const visitor = new TestPeer(await withToken(server, { sub: 'ada', lobby: true }));
  await visitor.notification('waiting');
  const { ended, said } = drain(server);
  expect(await visitor.closed).toEqual({
    code: closeCodes.restart,
    reason: 'the server stops: no new rooms',
  });
  // Nobody is left to wait for.
  await ended;
  expect(said).toEqual([]);
});
