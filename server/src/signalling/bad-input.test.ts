import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { rtpCapabilities, rtpParametersFor } from '../../../testkit/clients/media-parameters.ts';
import { TestPeer } from '../../../testkit/clients/test-peer.ts';
import { startTestServer, type TestServer } from '../../../testkit/servers/test-server.ts';
import { nothingOpen, workerState } from '../../../testkit/servers/worker-state.ts';
import { loadConfig } from '../config/config.ts';

let server: TestServer;
/** A peer that must not be affected. */
let bystander: TestPeer;
const roomId = 'bad-input';

beforeAll(async () => {
  // A peer leaves with its socket, so that anything it leaves behind shows at once.
  server = await startTestServer({ RECONNECT_GRACE_SECONDS: '0' });
});

afterAll(() => server.stop());

beforeEach(async () => {
  bystander = await TestPeer.join({ signalling: server.signalling, roomId, peerId: 'bystander' });
});

/** Whatever was sent, the bystander is still served, and when it leaves, nothing is left. */
afterEach(async () => {
  await bystander.request('sendChatMessage', { text: 'all is well' });
  await bystander.leave();
  await expect.poll(() => server.rooms.size).toBe(0);
  expect(await workerState(server.pool)).toEqual(nothingOpen);
  const { ports } = await server.ports.snapshot();
  expect(ports.flatMap(({ transports }) => transports)).toEqual([]);
});

function connect(query: Record<string, string> = {}): TestPeer {
  return new TestPeer({ signalling: server.signalling, roomId, query });
}

describe('a frame that is not protoo', () => {
  test.each([
    ['malformed JSON', '{"request":'],
    ['nothing', ''],
    ['null', 'null'],
    ['an array', '[]'],
    ['a number', '1'],
    ['a string', '"request"'],
    ["an object that is none of protoo's", '{}'],
    ['a request without id', '{"request":true,"method":"join","data":{}}'],
    ['a request with a negative id', '{"request":true,"id":-1,"method":"join","data":{}}'],
    ['a method that is not a string', '{"request":true,"id":1,"method":{},"data":{}}'],
    ['a huge method', `{"request":true,"id":1,"method":"${'x'.repeat(1000)}","data":{}}`],
    ['deeply nested arrays', '['.repeat(50_000)],
  ])('%s closes the socket with 4400', async (_name, frame) => {
    const peer = connect();
    await peer.welcome();
    peer.socket.send(frame);
    expect(await peer.closed).toMatchObject({ code: 4400 });
  });

  test('binary closes the socket with 4400', async () => {
    const peer = connect();
    await peer.welcome();
    peer.socket.send(Buffer.from('{"notification":true,"method":"x","data":{}}'));
    expect(await peer.closed).toMatchObject({ code: 4400 });
  });

  test('over the size limit closes the socket with 1009', async () => {
    const peer = connect();
    await peer.welcome();
    peer.socket.send(' '.repeat(loadConfig({}).limits.message_bytes + 1));
    expect(await peer.closed).toMatchObject({ code: 1009 });
  });

  test('before the welcome closes the socket too', async () => {
    const peer = connect();
    peer.socket.once('open', () => peer.socket.send('null'));
    expect(await peer.closed).toMatchObject({ code: 4400 });
  });
});

describe('a URL', () => {
  test.each([
    ['an empty room id', { roomId: '' }],
    ['a huge room id', { roomId: 'x'.repeat(65) }],
    ['an invalid room id', { roomId: '../etc' }],
    ['a room id with a line break', { roomId: 'a\nb' }],
    ['an empty peer id', { peerId: '' }],
    ['an invalid peer id', { peerId: '__proto__ ' }],
    ['an invalid flag', { produce: 'yes' }],
  ])('with %s closes the socket with 4400 and says why', async (_name, query) => {
    const { code, reason } = await connect(query).closed;
    expect(code).toBe(4400);
    expect(reason).toContain(Object.keys(query)[0]);
  });

  test('with names of Object.prototype members is accepted', async () => {
    const peer = await TestPeer.join({
      signalling: server.signalling,
      roomId: '__proto__',
      peerId: 'constructor',
    });
    await peer.leave();
  });
});

describe('a request', () => {
  test.each([
    ['of an unknown method', 'nosuchmethod', {}, 405],
    ['of a method that every object has', 'constructor', {}, 405],
    ['with data of a wrong type', 'join', 'hello', 400],
    ['with a wrong member', 'join', { generation: 1, displayName: 7, device: {} }, 400],
    ['with an unknown member', 'sendChatMessage', { text: 'a', html: 'b' }, 400],
    ['with an empty text', 'sendChatMessage', { text: '   ' }, 400],
    ['with a text of control characters', 'sendChatMessage', { text: 'a\u001b[2J' }, 400],
    ['with an invalid id', 'closeProducer', { producerId: '../..' }, 400],
    ['for an unknown producer', 'closeProducer', { producerId: randomUUID() }, 404],
    ['for an unknown consumer', 'pauseConsumer', { consumerId: randomUUID() }, 404],
    ['for an unknown transport', 'restartIce', { transportId: randomUUID() }, 404],
  ])('%s is rejected, and the peer stays', async (_name, method, data, code) => {
    const peer = await TestPeer.join({ signalling: server.signalling, roomId });
    await expect(peer.rawRequest(method, data)).rejects.toMatchObject({ code });
    await peer.request('sendChatMessage', { text: 'still here' });
    await peer.leave();
  });

  test('with bad data is answered with what was expected, and where', async () => {
    const peer = await TestPeer.join({ signalling: server.signalling, roomId });
    const { kind, rtpParameters } = rtpParametersFor('camera');
    const [codec] = rtpParameters.codecs;
    await expect(
      peer.produce('camera', {
        kind,
        rtpParameters: { ...rtpParameters, codecs: [{ ...codec, mimeType: 'VP8' } as never] },
      }),
    ).rejects.toThrow('rtpParameters.codecs.0.mimeType: expected audio/... or video/...');
    await peer.leave();
  });

  test('with 100 KB of unknown members is answered with a short error', async () => {
    const peer = await TestPeer.join({ signalling: server.signalling, roomId });
    const unknown = Object.fromEntries(Array.from({ length: 10_000 }, (_, n) => [`x-${n}`, 1]));
    const error = await peer.rawRequest('ping', unknown).catch((reason: Error) => reason);
    expect(error).toMatchObject({
      code: 400,
      message: expect.stringMatching(/^Unrecognized keys.{1,182}…$/),
    });
    await peer.leave();
  });

  test('to join a second time is rejected with 409', async () => {
    const peer = await TestPeer.join({ signalling: server.signalling, roomId });
    await expect(peer.join(1)).rejects.toMatchObject({ code: 409 });
    await peer.leave();
  });

  test('to produce, chat or rename before joining is rejected with 403', async () => {
    const peer = connect();
    await peer.welcome();
    await expect(peer.produce('camera')).rejects.toMatchObject({ code: 403 });
    for (const [method, data] of [
      ['sendChatMessage', { text: 'a' }],
      ['changeDisplayName', { displayName: 'a' }],
    ] as const) {
      await expect(peer.rawRequest(method, data)).rejects.toMatchObject({ code: 403 });
    }
    await peer.leave();
  });

  test('with ids of another peer is rejected and changes nothing', async () => {
    const owner = await TestPeer.join({ signalling: server.signalling, roomId });
    const other = await TestPeer.join({ signalling: server.signalling, roomId });
    const producerId = await owner.produce('camera');
    await bystander.until(() => bystander.batches.length > 0);
    const consumerId = bystander.batches.at(-1)?.consumers[0]?.consumerId;
    const { sendTransport } = await owner.welcome();
    for (const [method, data] of [
      ['closeProducer', { producerId }],
      ['pauseProducer', { producerId }],
      ['pauseConsumer', { consumerId }],
      ['restartIce', { transportId: sendTransport?.transportId }],
    ] as const) {
      await expect(other.rawRequest(method, data)).rejects.toMatchObject({ code: 404 });
    }
    await expect(
      other.produce('camera', { transportId: sendTransport?.transportId ?? '' }),
    ).rejects.toMatchObject({ code: 404 });
    await expect(other.produce('camera', { producerId })).rejects.toMatchObject({ code: 409 });
    await owner.request('pauseProducer', { producerId });
    await Promise.all([owner.leave(), other.leave()]);
  });

  test('to produce the same id or source twice is rejected with 409', async () => {
    const peer = await TestPeer.join({ signalling: server.signalling, roomId });
    const producerId = await peer.produce('camera');
    await expect(peer.produce('screen', { producerId })).rejects.toMatchObject({ code: 409 });
    await expect(peer.produce('camera')).rejects.toMatchObject({ code: 409 });
    await peer.request('closeProducer', { producerId });
    await peer.produce('camera', { producerId });
    await peer.leave();
  });

  test('to produce with an id, SSRC, mid or rid in use is rejected with 400', async () => {
    const peer = await TestPeer.join({ signalling: server.signalling, roomId });
    const { sendTransport, recvTransport } = await peer.welcome();
    const { rtpParameters } = rtpParametersFor('camera');
    await peer.produce('camera', { rtpParameters });
    const screen = rtpParametersFor('screen').rtpParameters;
    const rid = { mid: undefined, encodings: [{ rid: 'a' }] };
    const second = (change: object) =>
      peer.produce('screen', { rtpParameters: { ...screen, ...change } });
    for (const producerId of [sendTransport?.transportId, recvTransport?.transportId]) {
      const producing = peer.produce('screen', { producerId: producerId ?? '' });
      await expect(producing).rejects.toMatchObject({ code: 400 });
    }
    await expect(second({ encodings: rtpParameters.encodings })).rejects.toMatchObject({
      code: 400,
    });
    await expect(second({ mid: rtpParameters.mid })).rejects.toMatchObject({ code: 400 });
    await second(rid);
    const audio = rtpParametersFor('microphone').rtpParameters;
    await expect(
      peer.produce('microphone', { rtpParameters: { ...audio, ...rid } }),
    ).rejects.toMatchObject({ code: 400 });
    await peer.produce('microphone');
    await peer.leave();
  });

  test('to produce what the router does not support is rejected with 400', async () => {
    const peer = await TestPeer.join({ signalling: server.signalling, roomId });
    const { rtpParameters } = rtpParametersFor('camera');
    for (const change of [
      { codecs: [{ mimeType: 'video/nosuch', payloadType: 96, clockRate: 90000 }] },
      { codecs: [{ mimeType: 'audio/opus', payloadType: 96, clockRate: 48000, channels: 2 }] },
      { encodings: [{ rid: 'a', codecPayloadType: 99 }] },
    ]) {
      await expect(
        peer.produce('camera', { rtpParameters: { ...rtpParameters, ...change } }),
      ).rejects.toMatchObject({ code: 400 });
    }
    await expect(peer.produce('camera', { kind: 'audio' })).rejects.toMatchObject({ code: 400 });
    await peer.produce('camera');
    await peer.leave();
  });

  test('to produce on the receiving transport is rejected with 403', async () => {
    const peer = await TestPeer.join({ signalling: server.signalling, roomId });
    const { recvTransport } = await peer.welcome();
    await expect(
      peer.produce('camera', { transportId: recvTransport?.transportId ?? '' }),
    ).rejects.toMatchObject({ code: 403 });
    await peer.leave();
  });

  test('to connect a transport twice is rejected with 409', async () => {
    const peer = connect();
    const { sendTransport } = await peer.welcome();
    await peer.connect(sendTransport?.transportId ?? '');
    await expect(peer.connect(sendTransport?.transportId ?? '')).rejects.toMatchObject({
      code: 409,
    });
    await peer.leave();
  });

  test('to join with audio capabilities only gets no video', async () => {
    const owner = await TestPeer.join({ signalling: server.signalling, roomId });
    await owner.produce('camera');
    const peer = connect();
    const { generation } = await peer.welcome();
    const audioOnly = rtpCapabilities.codecs.filter(({ kind }) => kind === 'audio');
    await peer.request('join', {
      generation,
      displayName: 'audio only',
      device: { flag: 'bot', name: 'test' },
      rtpCapabilities: { codecs: audioOnly },
    });
    await owner.produce('microphone');
    await peer.until(() => peer.batches.length > 0);
    expect(peer.batches[0]?.consumers.map(({ kind }) => kind)).toEqual(['audio']);
    await Promise.all([owner.leave(), peer.leave()]);
  });
});

test('an unknown notification is answered by protocolError', async () => {
  const peer = await TestPeer.join({ signalling: server.signalling, roomId });
  peer.send({ notification: true, method: 'hello', data: {} } as never);
  expect(await peer.notification('protocolError')).toEqual({
    method: 'hello',
    reason: 'unknown notification',
  });
  await peer.leave();
});

test('thousands of requests a second close the socket with 4429', async () => {
  const peer = await TestPeer.join({ signalling: server.signalling, roomId });
  const refused = Array.from({ length: 3000 }, () =>
    peer.rawRequest('sendChatMessage', { text: '' }).catch((error: Error) => error),
  );
  expect(await peer.closed).toMatchObject({ code: 4429 });
  expect(await Promise.all(refused)).toHaveLength(3000);
});

test('a socket that drops while joining leaves nothing behind', async () => {
  const peers = Array.from({ length: 20 }, () => connect());
  for (const peer of peers) {
    peer.socket.once('open', () => {
      peer.send({ request: true, id: 1, method: 'join', data: {} });
      peer.socket.terminate();
    });
  }
  await Promise.all(peers.map(({ closed }) => closed));
});

test('a peer that does not join in time is disconnected', async () => {
  const peer = connect();
  expect(await peer.closed).toEqual({ code: 4408, reason: 'not joined in time' });
});
