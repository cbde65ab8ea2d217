import type { types } from 'mediasoup';
import { beforeEach, expect, test } from 'vitest';
import { bindingRequest, type IceCredentials } from '../server/src/stun/stun-message.ts';
import { DtlsPeer, dtlsState } from '../testkit/clients/dtls-peer.ts';
import { check, closed, open } from '../testkit/clients/tcp-demultiplexer.ts';
import { twoTransports } from '../testkit/clients/two-transports.ts';
import { skipWithPrebuiltWorker } from '../testkit/servers/test-worker.ts';

beforeEach(skipWithPrebuiltWorker);

const timeout = 60_000;
/** A tuple is stale 10 s after its last authenticated request. */
const untilStaleMs = 20_000;

test('SP-11.1: a client that reuses its address and port gets a new transport', {
  timeout,
}, async () => {
  const { old, fresh, client } = await connectOld();

  expect(await client.check(fresh.iceParameters, {}, untilStaleMs)).toBe('success');
  const dtls = await client.connect(fresh);

  // So nothing more is sent to where now somebody else may be, and the application needn't wait for a timeout.
  expect(await iceStates(old, fresh)).toEqual(['disconnected', 'completed']);
  old.close();
  expect(await iceStates(fresh)).toEqual(['completed']);
  await expectDataReaches(fresh, dtls);
});

test('SP-11.2: nothing of the transport that lost its tuple is used afterwards', {
  timeout,
}, async () => {
  const { old, fresh, client } = await connectOld();
  expect(await client.check(fresh.iceParameters, {}, untilStaleMs)).toBe('success');
  const dtls = await client.connect(fresh);
  const somebodyElse = await DtlsPeer.openTo(old);

  // Its tuple is likely to be stored where the lost one was.
  expect(await somebodyElse.check(old.iceParameters)).toBe('success');
  await expectDataReaches(fresh, dtls);
});

test('SP-11.2: a transport that lost its tuple has it again once the client comes back', {
  timeout,
}, async () => {
  const { old, fresh, client, dtls } = await connectOld();

  expect(await client.check(fresh.iceParameters, {}, untilStaleMs)).toBe('success');
  expect(await client.check(old.iceParameters, {}, untilStaleMs)).toBe('success');
  expect(await iceStates(old, fresh)).toEqual(['completed', 'disconnected']);
  fresh.close();
  expect(await iceStates(old)).toEqual(['completed']);
  await expectDataReaches(old, dtls);
});

test('SP-11.1: when the old transport is closed, its tuple is free at once', async () => {
  const { old, fresh, client } = await connectOld();

  old.close();
  await expectDataReaches(fresh, await client.connect(fresh));
});

test('SP-11.2: a consent check moves nothing', async () => {
  const { old, fresh, client, dtls } = await connectOld();

  expect(await client.check(old.iceParameters)).toBe('success');
  expect(await iceStates(old, fresh)).toEqual(['completed', 'new']);
  await expectDataReaches(old, dtls);
});

test.for([
  ['with the right password', (right: string) => right],
  ['with a wrong one', () => 'a guess'],
] as const)('SP-10.1, SP-11.2: nobody takes a tuple in use, %s', async ([, passwordOf]) => {
  const { old, fresh, client, dtls } = await connectOld();
  const { usernameFragment, password } = fresh.iceParameters;

  // To the worker that is what a forged source looks like.
  client.send(bindingRequest({ usernameFragment, password: passwordOf(password) }));
  // A socket's datagrams stay in order.
  expect(await client.check(old.iceParameters)).toBe('success');
  expect(await iceStates(old, fresh)).toEqual(['completed', 'new']);
  await expectDataReaches(old, dtls);
});

test.for<[string, Partial<IceCredentials>, number]>([
  ['an unknown ufrag', { usernameFragment: 'unknown' }, 401],
  ['no USERNAME', { usernameFragment: undefined }, 400],
])("SP-11.3: a request with %s is the known tuple's, as ever", async ([, wrong, code]) => {
  const { old, client, dtls } = await connectOld();

  expect(await client.check({ ...old.iceParameters, ...wrong })).toBe(code);
  expect(await iceStates(old)).toEqual(['completed']);
  await expectDataReaches(old, dtls);
});

test('SP-9.3, SP-9.5: a TCP connection stays with its transport, and goes with it', async () => {
  const [old, fresh] = await twoTransports();
  const candidate = old.iceCandidates.find(({ protocol }) => protocol === 'tcp');
  const connection = await open(candidate?.port ?? 0);

  expect(await check(connection, old.iceParameters)).toBe('success');
  expect(await check(connection, fresh.iceParameters)).toBe(401);
  expect(await iceStates(old, fresh)).toEqual(['completed', 'new']);

  const end = closed(connection);

  old.close();
  await end;
  expect(await iceStates(fresh)).toEqual(['new']);
});

/** Two transports of one WebRtcServer, and a socket that is connected with one of them, DTLS included. */
async function connectOld() {
  const [old, fresh] = await twoTransports();
  const client = await DtlsPeer.openTo(old);

  return { old, fresh, client, dtls: await client.connect(old) };
}

/** Asked of the worker, which has then done all that it was told before. */
function iceStates(...transports: types.WebRtcTransport[]): Promise<types.IceState[]> {
  return Promise.all(transports.map(async (transport) => (await transport.dump()).iceState));
}

/** The closing alert is data from the client's tuple, and decrypts only where the handshake took place. */
async function expectDataReaches(
  transport: types.WebRtcTransport,
  dtls: { closeDtls: () => void },
): Promise<void> {
  const closed = dtlsState(transport, 'closed');

  dtls.closeDtls();
  await closed;
}
