import { once } from 'node:events';
import type { types } from 'mediasoup';
import { beforeEach, describe, expect, test } from 'vitest';
import { bindUdp } from '../../../../../testkit/clients/dtls-peer.ts';
import type { IcePeer } from '../../../../../testkit/clients/ice-peer.ts';
import { unknownData } from '../../../../../testkit/clients/ice-peer.ts';
import { sendInPages } from '../../../../../testkit/clients/raw-datagrams.ts';
import { bindingRequestWith } from '../../../../../testkit/clients/stun.ts';
import { SteeredHost, skipWithoutSteering } from '../../../../../testkit/servers/shared-port.ts';
import { readUdpSockets } from '../../../net/udp-sockets.ts';
import { bindingRequest } from '../../../stun/stun-message.ts';
import { NoPortError } from '../../types.ts';

beforeEach(skipWithoutSteering);

const wrongPassword = 'wrong password';
/** Longer than a tuple stays in use without a request. */
const aWhileAgo = () => process.hrtime.bigint() - 11_000_000_000n;

describe.each(['127.0.0.1', '::1'])('at %s', (ip) => {
  test('SP-2.1, SP-3.1: steers a Binding Request and the data after it to the worker that has the ufrag', async () => {
    const host = await SteeredHost.start(ip, 3);
    for (let i = 0; i < 30; i++) {
      const { transport } = await host.open(i % 3);
      const peer = await host.peer();
      expect(await peer.check(transport.iceParameters)).toBe('success');
      for (let n = 0; n < 10; n++) {
        peer.send(unknownData);
      }
    }

    for (const slot of [0, 1, 2]) {
      await expect
        .poll(() => host.received(slot))
        .toMatchObject({
          packets: 10 + 100,
          droppedDataFromUnknownTuple: 0,
          droppedStunWithUnknownUsername: 0,
        });
    }
    expect(host.group.counters()).toMatchObject({
      stunSteered: 30,
      dataSteered: 300,
      tupleAdded: 30,
      dataUnknownTuple: 0,
    });
  });
});

test('matches a ufrag that names room and peer by its random part', async () => {
  const host = await SteeredHost.start('127.0.0.1', 2);
  const { transport } = await host.open(1, `${'r'.repeat(111)}/${'p'.repeat(111)}`);
  expect(transport.iceParameters.usernameFragment).toHaveLength(256);
  const peer = await host.peer();
  expect(await peer.check(transport.iceParameters)).toBe('success');
});

test('SP-2.2, SP-3.2: drops packets without a known ufrag or tuple, and only counts them', async () => {
  const host = await SteeredHost.start('127.0.0.1', 1);
  const stranger = await host.peer();
  stranger.send(unknownData);
  stranger.send(bindingRequest({ usernameFragment: 'x'.repeat(32), password: 'x' }));
  stranger.send(bindingRequestWith({ password: 'x' }));

  await expect
    .poll(() => host.group.counters())
    .toMatchObject({
      dataUnknownTuple: 1,
      stunUnknownUfrag: 1,
      stunMalformed: 1,
      stunSteered: 0,
      dataSteered: 0,
      tupleAdded: 0,
    });
  expect(host.group.readTuplesForTesting()).toEqual([]);
  expect(await host.received(0)).toMatchObject({ packets: 0 });
});

test('drops packets silently, because their source may be forged', async () => {
  const host = await SteeredHost.start('127.0.0.1', 1);
  host.steering.addTransport(7, 'u'.repeat(32));
  const { port } = host.group;
  const socket = await bindUdp();
  const errors: Error[] = [];
  socket.on('error', (error) => errors.push(error));
  // Only a connected socket receives ICMP errors (ip(7)).
  socket.connect(port, '127.0.0.1');
  await once(socket, 'connect');
  const password = wrongPassword;
  socket.send(unknownData);
  socket.send(bindingRequestWith({ password }));
  socket.send(bindingRequest({ usernameFragment: 'x'.repeat(32), password }));
  socket.send(bindingRequest({ usernameFragment: 'u'.repeat(32), password }));
  await expect
    .poll(() => host.group.counters())
    .toMatchObject({ dataUnknownTuple: 1, stunMalformed: 1, stunUnknownUfrag: 1, noWorker: 1 });

  // ICMP errors would have arrived before this response.
  const { transport } = await host.open(0);
  const answered = once(socket, 'message');
  socket.send(bindingRequest(transport.iceParameters));
  await answered;
  expect(errors).toEqual([]);
  // The placeholder socket has discarded the packets without using memory.
  await expect
    .poll(() => queuesAt(port))
    .toEqual([
      { queuedBytes: 0, drops: 0 },
      { queuedBytes: 0, drops: 4 },
    ]);
});

test('reads a datagram whose payload is in separate pages, as network cards deliver it', async () => {
  const host = await SteeredHost.start('127.0.0.1', 2);
  const { transport } = await host.open(1);
  sendInPages(host.group.port, [bindingRequest(transport.iceParameters), unknownData]);
  await expect
    .poll(() => host.group.counters())
    .toMatchObject({ stunSteered: 1, tupleAdded: 1, dataSteered: 1 });
  await expect.poll(() => host.received(1)).toMatchObject({ packets: 2 });
});

test('delivers a truncated Binding Request to the worker that it names, or to none', async () => {
  const host = await SteeredHost.start('127.0.0.1', 2);
  const { transport } = await host.open(1);
  const { usernameFragment } = transport.iceParameters;
  const whole = bindingRequest({ usernameFragment, password: wrongPassword });
  const peer = await host.peer();
  for (let length = 0; length < whole.length; length++) {
    peer.send(whole.subarray(0, length));
  }

  const handled = () => {
    const { stunSteered, dataSteered, stunMalformed, dataUnknownTuple } = host.group.counters();
    return stunSteered + dataSteered + stunMalformed + dataUnknownTuple;
  };
  await expect.poll(handled).toBe(whole.length);
  expect(await host.received(0)).toMatchObject({ packets: 0 });
});

test('SP-6.1, SP-6.3: accepts both ufrags after an ICE restart, and no longer the oldest after the next', async () => {
  const host = await SteeredHost.start('127.0.0.1', 2);
  const { transport, steered } = await host.open(1);
  const first = transport.iceParameters;
  const second = await transport.restartIce();
  steered.addUfrag(second.usernameFragment);
  const peer = await host.peer();
  expect(await peer.check(first)).toBe('success');
  expect(await peer.check(second)).toBe('success');

  const third = await transport.restartIce();
  steered.addUfrag(third.usernameFragment);
  peer.send(bindingRequest(first));
  await expect.poll(() => host.group.counters().stunUnknownUfrag).toBe(1);
  peer.send(unknownData);
  await expect.poll(() => host.group.counters().dataSteered).toBe(1);
  expect(await peer.check(third)).toBe('success');
  expect(host.steering.tables.readUfragsForTesting().size).toBe(2);
});

test('SP-10.1, SP-11.2: a forged Binding Request does not move a tuple', async () => {
  const host = await SteeredHost.start('127.0.0.1', 2);
  const victim = await host.open(0);
  const other = await host.open(1);
  const peer = await host.peer();
  await verifyAt(victim.transport, peer);

  // For the server, a packet from the victim's own socket looks like one with a forged source.
  const { usernameFragment } = other.transport.iceParameters;
  peer.send(bindingRequest({ usernameFragment, password: wrongPassword }));
  for (let n = 0; n < 20; n++) {
    peer.send(unknownData);
  }
  await expect.poll(() => host.received(0)).toMatchObject({ packets: 21 });
  expect(host.group.counters()).toMatchObject({ stunTupleInUse: 1, tupleRestored: 0 });
});

test('SP-11.2: a verified tuple in use is not moved, not even by an authenticated request', async () => {
  const host = await SteeredHost.start('127.0.0.1', 2);
  const [one, other] = [await host.open(0), await host.open(1)];
  const peer = await host.peer();
  await verifyAt(one.transport, peer);
  peer.send(bindingRequest(other.transport.iceParameters));
  await expect.poll(() => host.group.counters().stunTupleInUse).toBe(1);

  peer.send(unknownData);
  await expect.poll(() => host.received(0)).toMatchObject({ packets: 2 });
  expect(await host.received(1)).toMatchObject({ packets: 0 });
});

test('SP-11.2: a verified tuple without requests for a while is moved by the next request', async () => {
  const host = await SteeredHost.start('127.0.0.1', 2);
  const [one, other] = [await host.open(0), await host.open(1)];
  const peer = await host.peer();
  host.group.setVerifiedOwner(peer.remote, host.idOf(one), aWhileAgo());
  await verifyAt(other.transport, peer);
  peer.send(unknownData);
  await expect.poll(() => host.received(1)).toMatchObject({ packets: 2 });

  // Now the tuple is in use again.
  peer.send(bindingRequest(one.transport.iceParameters));
  await expect.poll(() => host.group.counters().stunTupleInUse).toBe(1);
});

test('restores a tuple to its previous owner on its next request, when the present owner no longer uses it', async () => {
  const host = await SteeredHost.start('127.0.0.1', 2);
  const [one, other] = [await host.open(0), await host.open(1)];
  const peer = await host.peer();
  host.group.setVerifiedOwner(peer.remote, host.idOf(one), aWhileAgo());
  host.group.setVerifiedOwner(peer.remote, host.idOf(other), aWhileAgo());
  expect(await peer.check(one.transport.iceParameters)).toBe('success');
  peer.send(unknownData);
  await expect.poll(() => host.received(0)).toMatchObject({ packets: 2 });
  expect(host.group.counters()).toMatchObject({ tupleRestored: 1, stunTupleInUse: 0 });
});

test('does not restore a tuple to a transport for which it was never verified', async () => {
  const host = await SteeredHost.start('127.0.0.1', 2);
  const [victim, other] = [await host.open(0), await host.open(1)];
  const peer = await host.peer();
  const { usernameFragment } = other.transport.iceParameters;
  const forged = { usernameFragment, password: wrongPassword };
  // A forged request adds an unverified tuple before the peer sends.
  expect(await peer.check(forged)).toBe(401);
  await verifyAt(victim.transport, peer);

  peer.send(bindingRequest(forged));
  for (let n = 0; n < 20; n++) {
    peer.send(unknownData);
  }
  await expect.poll(() => host.received(0)).toMatchObject({ packets: 1 + 20 });
  expect(host.group.counters()).toMatchObject({
    tupleRejected: 1,
    stunTupleInUse: 1,
    tupleRestored: 0,
  });
});

test('restores a tuple to its previous owner as soon as the present owner closes', async () => {
  const host = await SteeredHost.start('127.0.0.1', 2);
  const [one, other] = [await host.open(0), await host.open(1)];
  const peer = await host.peer();
  host.group.setVerifiedOwner(peer.remote, host.idOf(one), aWhileAgo());
  await verifyAt(other.transport, peer);
  other.transport.close();
  peer.send(unknownData);
  await expect.poll(() => host.received(0)).toMatchObject({ packets: 1 });
});

test('SP-7.1: follows a peer to a new address even when forged requests have used up the unverified tuples', async () => {
  const host = await SteeredHost.start('127.0.0.1', 1);
  const { transport } = await host.open(0);
  const ice = transport.iceParameters;
  for (let n = 0; n < 20; n++) {
    const forger = await host.peer({ ip: `127.0.1.${n + 1}` });
    expect(await forger.check({ ...ice, password: wrongPassword })).toBe(401);
  }
  expect(host.group.counters()).toMatchObject({ tupleAdded: 8, tupleOverLimit: 12 });
  expect(host.group.readTuplesForTesting()).toHaveLength(8);

  for (let n = 1; n <= 3; n++) {
    const peer = await host.peer();
    const selected = new Promise((resolve) => transport.once('iceselectedtuplechange', resolve));
    expect(await peer.check(ice)).toBe('success');
    await selected;
    peer.send(unknownData);
    await expect.poll(() => host.group.counters().dataSteered).toBe(n);
  }
});

test('a peer with many addresses keeps as many in the tables as its worker does, and none when it leaves', async () => {
  const host = await SteeredHost.start('127.0.0.1', 2);
  const [before, hosted] = [await host.open(0), await host.open(1)];
  const id = host.idOf(hosted);
  const peers: IcePeer[] = [];
  for (let n = 0; n < 12; n++) {
    const peer = await host.peer({ ip: `127.0.1.${n + 1}` });
    peers.push(peer);
    if (n === 0) {
      host.group.setVerifiedOwner(peer.remote, host.idOf(before), aWhileAgo());
    }
    await verifyAt(hosted.transport, peer);
  }
  const ports = () =>
    host.group
      .readTuplesForTesting()
      .filter(({ owner }) => owner.transport === id)
      .map(({ remote }) => remote.address)
      .sort();
  const newest = peers.slice(-8).map(({ remote }) => remote.address);
  await expect.poll(ports).toEqual(newest.sort());
  expect(host.group.countVerifiedForTesting(id)).toBe(8);
  // The first address had an owner before.
  peers[0]?.send(unknownData);
  await expect.poll(() => host.received(0)).toMatchObject({ packets: 1 });
  hosted.transport.close();
  await expect.poll(() => host.group.countVerifiedForTesting(id)).toBe(0);
});

test('SP-2.3, SP-5.1: a closed transport leaves no ufrag, and its tuple is free', async () => {
  const host = await SteeredHost.start('127.0.0.1', 2);
  const gone = await host.open(0);
  const peer = await host.peer();
  expect(await peer.check(gone.transport.iceParameters)).toBe('success');
  gone.transport.close();
  expect(host.steering.tables.readUfragsForTesting().size).toBe(0);
  peer.send(unknownData);
  peer.send(bindingRequest(gone.transport.iceParameters));
  await expect
    .poll(() => host.group.counters())
    .toMatchObject({ dataUnknownTuple: 1, stunUnknownUfrag: 1 });

  const { transport } = await host.open(1);
  expect(await peer.check(transport.iceParameters)).toBe('success');
  peer.send(unknownData);
  await expect.poll(() => host.received(1)).toMatchObject({ packets: 2 });
});

test('SP-5.1: a tuple stays free when a new transport reuses the table entry of its closed transport', async () => {
  const host = await SteeredHost.start('127.0.0.1', 2);
  const gone = await host.open(0);
  const [peer, id] = [await host.peer(), host.idOf(gone)];
  expect(await peer.check(gone.transport.iceParameters)).toBe('success');
  gone.transport.close();
  const { tables } = host.steering;
  let next = tables.addTransport(1);
  while (next < id + 65_536) {
    tables.removeTransport(next);
    next = tables.addTransport(1);
  }
  peer.send(unknownData);
  await expect.poll(() => host.group.counters().dataUnknownTuple).toBe(1);
  // Removing the closed transport again does not affect the one that reuses its entry.
  tables.removeTransport(id);
  tables.setUfrag('u'.repeat(32), next, 1);
  expect(tables.readUfragsForTesting().get('u'.repeat(32))).toEqual({
    transport: next,
    workerIndex: 1,
  });
});

test('SP-8.1, SP-8.2: a transport without consent has no tuple until its next request', async () => {
  const host = await SteeredHost.start('127.0.0.1', 1);
  const { transport, steered } = await host.open(0);
  const peer = await host.peer();
  expect(await peer.check(transport.iceParameters)).toBe('success');
  steered.dropTuples();
  peer.send(unknownData);
  await expect.poll(() => host.group.counters().dataUnknownTuple).toBe(1);
  expect(await peer.check(transport.iceParameters)).toBe('success');
  peer.send(unknownData);
  await expect.poll(() => host.group.counters().dataSteered).toBe(1);
});

test('SP-5.2: a worker that dies does not affect others, and its successor takes over its slot', async () => {
  const host = await SteeredHost.start('127.0.0.1', 2);
  const [dying, staying] = [await host.open(0), await host.open(1)];
  const [peer, other] = [await host.peer(), await host.peer()];
  expect(await peer.check(dying.transport.iceParameters)).toBe('success');
  expect(await other.check(staying.transport.iceParameters)).toBe('success');

  await host.kill(0);
  expect(host.steering.tables.readUfragsForTesting().size).toBe(1);
  for (let n = 0; n < 20; n++) {
    peer.send(unknownData);
    other.send(unknownData);
  }
  await expect.poll(() => host.received(1)).toMatchObject({ packets: 21 });
  await expect.poll(() => host.group.counters().dataUnknownTuple).toBe(20);

  await host.addWorker(0);
  const { transport } = await host.open(0);
  expect(await peer.check(transport.iceParameters)).toBe('success');
  peer.send(unknownData);
  await expect.poll(() => host.received(0)).toMatchObject({ packets: 2 });
});

test('keeps the port and counts datagrams while no worker is running', async () => {
  const host = await SteeredHost.start('127.0.0.1', 1);
  // A transport that is not closed yet when its worker has died.
  host.steering.addTransport(0, 'u'.repeat(32));
  await host.kill(0);
  const peer = await host.peer();
  peer.send(bindingRequest({ usernameFragment: 'u'.repeat(32), password: 'x' }));
  await expect.poll(() => host.group.counters().noWorker).toBe(1);
});

test('rejects the next transport when the tables are full, and keeps the others', {
  timeout: 60_000,
}, async () => {
  const host = await SteeredHost.start('127.0.0.1', 1);
  const { transport } = await host.open(0);
  const ufrag = (n: number) => String(n).padStart(32, 'u');
  const steered = Array.from({ length: 65_535 }, (_, n) => host.steering.addTransport(0, ufrag(n)));
  expect(() => host.steering.addTransport(0, ufrag(65_536))).toThrow(NoPortError);
  const peer = await host.peer();
  expect(await peer.check(transport.iceParameters)).toBe('success');
  steered[1]?.dropTuples();

  steered[0]?.close();
  host.steering.addTransport(0, ufrag(65_536)).addUfrag(ufrag(65_537));
});

/** Lets a peer verify its address, and waits until the server knows. */
async function verifyAt(transport: types.WebRtcTransport, peer: IcePeer): Promise<void> {
  const verified = new Promise((resolve) => transport.once('iceselectedtuplechange', resolve));
  expect(await peer.check(transport.iceParameters)).toBe('success');
  await verified;
}

/** The receive queues of the UDP sockets at a port. The kernel may skip one while others are opened and closed. */
async function queuesAt(port: number): Promise<{ queuedBytes: number; drops: number }[]> {
  const sockets = (await readUdpSockets()).filter((socket) => socket.port === port);
  return sockets
    .map(({ queuedBytes, drops }) => ({ queuedBytes, drops }))
    .sort((a, b) => a.drops - b.drops);
}
