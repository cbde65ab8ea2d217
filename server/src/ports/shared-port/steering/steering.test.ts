import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { types } from 'mediasoup';
import { beforeEach, describe, expect, test } from 'vitest';
import { bindUdp } from '../../../../../testkit/clients/dtls-peer.ts';
import type { IcePeer } from '../../../../../testkit/clients/ice-peer.ts';
import { unknownData } from '../../../../../testkit/clients/ice-peer.ts';
import { sendInPages } from '../../../../../testkit/clients/raw-datagrams.ts';
import { bindingRequestWith } from '../../../../../testkit/clients/stun.ts';
import { SteeredHost, skipWithoutSteering } from '../../../../../testkit/servers/steered-host.ts';
import { bindingRequest } from '../../../stun/stun-message.ts';
import { NoPortError } from '../../types.ts';

beforeEach(skipWithoutSteering);

const wrongPassword = 'no password that anybody has';
/** Longer than clients take from one request to the next. */
const aWhileAgo = () => process.hrtime.bigint() - 11_000_000_000n;

describe.each(['127.0.0.1', '::1'])('at %s', (ip) => {
  test('SP-2.1, SP-3.1: a Binding Request goes to the worker that has its ufrag, and what follows goes there too', async () => {
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

test('a ufrag that names room and peer is known by the random part behind it', async () => {
  const host = await SteeredHost.start('127.0.0.1', 2);
  const { transport } = await host.open(1, `${'r'.repeat(111)}/${'p'.repeat(111)}`);
  expect(transport.iceParameters.usernameFragment).toHaveLength(256);
  const peer = await host.peer();
  expect(await peer.check(transport.iceParameters)).toBe('success');
});

test('SP-2.2, SP-3.2: who has neither a ufrag nor a tuple reaches no worker, and leaves no trace but a count', async () => {
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

test('what nobody shall have is answered by nothing: its source may be forged', async () => {
  const host = await SteeredHost.start('127.0.0.1', 1);
  host.steering.addTransport(7, 'u'.repeat(32));
  const { port } = host.group;
  const socket = await bindUdp();
  const errors: Error[] = [];
  socket.on('error', (error) => errors.push(error));
  // A connected socket is told of ICMP's errors (ip(7)).
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

  // What comes to the socket after those errors would have.
  const { transport } = await host.open(0);
  const answered = once(socket, 'message');
  socket.send(bindingRequest(transport.iceParameters));
  await answered;
  expect(errors).toEqual([]);
  // Nor does it take memory: the keeper has thrown it away.
  await expect
    .poll(() => socketsAt(port))
    .toEqual([
      { waiting: 0, drops: 0 },
      { waiting: 0, drops: 4 },
    ]);
});

test('a datagram that lies in pages of its own, as network cards leave it, is read as any other', async () => {
  const host = await SteeredHost.start('127.0.0.1', 2);
  const { transport } = await host.open(1);
  sendInPages(host.group.port, [bindingRequest(transport.iceParameters), unknownData]);
  await expect
    .poll(() => host.group.counters())
    .toMatchObject({ stunSteered: 1, tupleAdded: 1, dataSteered: 1 });
  await expect.poll(() => host.received(1)).toMatchObject({ packets: 2 });
});

test('a Binding Request cut anywhere reaches the worker that it names, or none', async () => {
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

test('SP-6.1, SP-6.3: after an ICE restart both ufrags lead there, after the next the oldest does no more', async () => {
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

test('SP-10.1, SP-11.2: a forged Binding Request takes no address away from whom it belongs to', async () => {
  const host = await SteeredHost.start('127.0.0.1', 2);
  const victim = await host.open(0);
  const other = await host.open(1);
  const peer = await host.peer();
  await proveAt(victim.transport, peer);

  // From the victim's own socket: to the server that is what a forged source looks like.
  const { usernameFragment } = other.transport.iceParameters;
  peer.send(bindingRequest({ usernameFragment, password: wrongPassword }));
  for (let n = 0; n < 20; n++) {
    peer.send(unknownData);
  }
  await expect.poll(() => host.received(0)).toMatchObject({ packets: 21 });
  expect(host.group.counters()).toMatchObject({ stunTupleInUse: 1, tupleRestored: 0 });
});

test('SP-11.2: nobody takes a proven address that is in use, though he proves himself', async () => {
  const host = await SteeredHost.start('127.0.0.1', 2);
  const [one, other] = [await host.open(0), await host.open(1)];
  const peer = await host.peer();
  await proveAt(one.transport, peer);
  peer.send(bindingRequest(other.transport.iceParameters));
  await expect.poll(() => host.group.counters().stunTupleInUse).toBe(1);

  peer.send(unknownData);
  await expect.poll(() => host.received(0)).toMatchObject({ packets: 2 });
  expect(await host.received(1)).toMatchObject({ packets: 0 });
});

test('SP-11.2: a proven address from which no request came for a while is the next one’s', async () => {
  const host = await SteeredHost.start('127.0.0.1', 2);
  const [one, other] = [await host.open(0), await host.open(1)];
  const peer = await host.peer();
  host.group.setVerifiedOwner(peer.remote, host.idOf(one), aWhileAgo());
  await proveAt(other.transport, peer);
  peer.send(unknownData);
  await expect.poll(() => host.received(1)).toMatchObject({ packets: 2 });

  // And now it is in use again.
  peer.send(bindingRequest(one.transport.iceParameters));
  await expect.poll(() => host.group.counters().stunTupleInUse).toBe(1);
});

test('who had an address gets it back by its next check, when the one that took it is gone from there', async () => {
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

test('nobody gets an address back that was never proven to be its own', async () => {
  const host = await SteeredHost.start('127.0.0.1', 2);
  const [victim, other] = [await host.open(0), await host.open(1)];
  const peer = await host.peer();
  const { usernameFragment } = other.transport.iceParameters;
  const forged = { usernameFragment, password: wrongPassword };
  // A forged request claims the address before its peer comes.
  expect(await peer.check(forged)).toBe(401);
  await proveAt(victim.transport, peer);

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

test('who had an address before has it again at once when the one that took it closes', async () => {
  const host = await SteeredHost.start('127.0.0.1', 2);
  const [one, other] = [await host.open(0), await host.open(1)];
  const peer = await host.peer();
  host.group.setVerifiedOwner(peer.remote, host.idOf(one), aWhileAgo());
  await proveAt(other.transport, peer);
  other.transport.close();
  peer.send(unknownData);
  await expect.poll(() => host.received(0)).toMatchObject({ packets: 1 });
});

test('SP-7.1: a peer that comes with a new address is followed, though forgers have used up its claims', async () => {
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

test('SP-2.3, SP-5.1: a closed transport leaves no ufrag, and its address is anybody’s', async () => {
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

test('SP-5.1: an address stays nobody’s when the place of its closed transport is another’s', async () => {
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
  // Whom it was is told no more, and does the one that comes after it no harm.
  tables.removeTransport(id);
  tables.setUfrag('u'.repeat(32), next, 1);
  expect(tables.readUfragsForTesting().get('u'.repeat(32))).toEqual({
    transport: next,
    workerIndex: 1,
  });
});

test('SP-8.1, SP-8.2: a transport without consent has no address until its next check', async () => {
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

test('SP-5.2: a worker that dies takes nobody with it, and the one that comes after it has its slot', async () => {
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

test('with no worker left the port stays ours, and the datagrams are counted', async () => {
  const host = await SteeredHost.start('127.0.0.1', 1);
  // Its transports would be closed with it: this one is as if they were not yet.
  host.steering.addTransport(0, 'u'.repeat(32));
  await host.kill(0);
  const peer = await host.peer();
  peer.send(bindingRequest({ usernameFragment: 'u'.repeat(32), password: 'x' }));
  await expect.poll(() => host.group.counters().noWorker).toBe(1);
});

test('when the tables are full, the next transport is refused and the others stay', {
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

/** Has a peer's address proven to be a transport's, and waits until the server knows. */
async function proveAt(transport: types.WebRtcTransport, peer: IcePeer): Promise<void> {
  const proven = new Promise((resolve) => transport.once('iceselectedtuplechange', resolve));
  expect(await peer.check(transport.iceParameters)).toBe('success');
  await proven;
}

/** The sockets bound to a port, by how much they have thrown away: /proc/net/udp may skip one while others come and go. */
function socketsAt(port: number): { waiting: number; drops: number }[] {
  const local = `:${port.toString(16).padStart(4, '0').toUpperCase()}`;
  return readFileSync('/proc/self/net/udp', 'latin1')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, address]) => address?.endsWith(local))
    .map((row) => ({
      waiting: Number.parseInt(row[4]?.split(':')[1] ?? '', 16),
      drops: Number(row[12]),
    }))
    .sort((a, b) => a.drops - b.drops);
}
