import type { types } from 'mediasoup';
import { beforeEach, expect, test } from 'vitest';
import { bindingRequest, type IceCredentials } from '../server/src/stun/stun-message.ts';
import { DtlsPeer, dtlsState } from '../testkit/clients/dtls-peer.ts';
import { check, closed, open } from '../testkit/clients/tcp-demultiplexer.ts';
import { skipWithPrebuiltWorker } from '../testkit/servers/test-worker.ts';
import { twoTransports } from '../testkit/servers/webrtc-server-host.ts';

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
  // The old transport sends nothing more to the address, and the application need not wait for a timeout.
  expect(await iceStates(old, fresh)).toEqual(['disconnected', 'completed']);
  old.close();
  expect(await iceStates(fresh)).toEqual(['completed']);
  await expectDataReaches(fresh, dtls);
});

test('SP-11.2: a tuple that was lost is not used afterwards', {
  timeout,
}, async () => {
  const { old, fresh, client } = await connectOld();
  expect(await client.check(fresh.iceParameters, {}, untilStaleMs)).toBe('success');
  const dtls = await client.connect(fresh);
  const another = await DtlsPeer.openTo(old);
  // Its tuple is likely to get the memory of the lost one.
  expect(await another.check(old.iceParameters)).toBe('success');
  await expectDataReaches(fresh, dtls);
});

test('SP-11.2: a transport gets its lost tuple back when the client returns', {
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

test('SP-11.1: closing the old transport frees its tuple at once', async () => {
  const { old, fresh, client } = await connectOld();
  old.close();
  await expectDataReaches(fresh, await client.connect(fresh));
});

test('SP-11.2: a consent check moves no tuple', async () => {
  const { old, fresh, client, dtls } = await connectOld();
  expect(await client.check(old.iceParameters)).toBe('success');
  expect(await iceStates(old, fresh)).toEqual(['completed', 'new']);
  await expectDataReaches(old, dtls);
});

test.for([
  ['even with the right password', (right: string) => right],
  ['or with a wrong one', () => 'a guess'],
] as const)('SP-10.1, SP-11.2: a tuple in use cannot be taken over, %s', async ([, passwordOf]) => {
  const { old, fresh, client, dtls } = await connectOld();
  const { usernameFragment, password } = fresh.iceParameters;
  // For the worker a datagram with a forged source address looks the same.
  client.send(bindingRequest({ usernameFragment, password: passwordOf(password) }));
  // A socket's datagrams are processed in order.
  expect(await client.check(old.iceParameters)).toBe('success');
  expect(await iceStates(old, fresh)).toEqual(['completed', 'new']);
  await expectDataReaches(old, dtls);
});

test.for<[string, Partial<IceCredentials>, number]>([
  ['an unknown ufrag', { usernameFragment: 'unknown' }, 401],
  ['no USERNAME', { usernameFragment: undefined }, 400],
])('SP-11.3: a request with %s belongs to the known tuple, as before', async ([, wrong, code]) => {
  const { old, client, dtls } = await connectOld();
  expect(await client.check({ ...old.iceParameters, ...wrong })).toBe(code);
  expect(await iceStates(old)).toEqual(['completed']);
  await expectDataReaches(old, dtls);
});

test('SP-9.3, SP-9.5: a TCP connection stays with its transport and is closed with it', async () => {
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

/** Two transports of one WebRtcServer, and a client that is connected with one of them, including DTLS. */
async function connectOld() {
  const [old, fresh] = await twoTransports();
  const client = await DtlsPeer.openTo(old);
  return { old, fresh, client, dtls: await client.connect(old) };
}

/** As the worker reports them, after it has processed all earlier requests. */
function iceStates(...transports: types.WebRtcTransport[]): Promise<types.IceState[]> {
  return Promise.all(transports.map(async (transport) => (await transport.dump()).iceState));
}

/** A close alert is data of the client's tuple, and only the transport of the handshake can decrypt it. */
async function expectDataReaches(
  transport: types.WebRtcTransport,
  dtls: { closeDtls: () => void },
): Promise<void> {
  const closed = dtlsState(transport, 'closed');
  dtls.closeDtls();
  await closed;
}
