import { randomBytes } from 'node:crypto';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Call } from '../../../../testkit/clients/calls.ts';
import { CallsUnderAttack, type Forged } from '../../../../testkit/clients/calls.ts';
import type { IcePeer } from '../../../../testkit/clients/ice-peer.ts';
import { unknownData } from '../../../../testkit/clients/ice-peer.ts';
import { bindingRequestWith } from '../../../../testkit/clients/stun.ts';
import { skipWithoutSteering } from '../../../../testkit/servers/shared-port.ts';
import {
  bindingRequest,
  emptyMessage,
  type IceCredentials,
  stunTypes,
} from '../../stun/stun-message.ts';

beforeEach(skipWithoutSteering);

const timeout = 120_000;
const password = 'wrong password';

/** The limit of unverified tuples for a transport: rule 4 of docs/shared-port.md. */
const maxUnverified = 8;

test('unknown ufrags, from strangers and from the addresses of peers', {
  timeout,
}, async () => {
  const attacked = await CallsUnderAttack.start(3);
  const before = attacked.tables();
  const senders = [...(await strangers(attacked, 5)), ...attacked.calls.map(({ peer }) => peer)];
  const packets = Array.from({ length: 2_000 }, (_, n) => {
    const ufrag = randomBytes(16).toString('hex');
    // A plain one, one with names before it, one that is too short, one of the maximum length.
    const usernameFragment = [
      ufrag,
      `room/peer/${ufrag}`,
      ufrag.slice(1),
      ufrag.padStart(256, 'x'),
    ];
    return forged(senders, n, { usernameFragment: usernameFragment[n % 4] as string, password });
  });

  const { kernel, workers } = await attacked.suffer(packets);
  expect(kernel).toEqual({ stunUnknownUfrag: 1_500, stunMalformed: 500 });
  expect(workers).toEqual({});
  expect(attacked.tables()).toEqual(before);
});

test('ufrags of closed transports, and ufrags replaced by two ICE restarts', {
  timeout,
}, async () => {
  const attacked = await CallsUnderAttack.start(3);
  const expired: IceCredentials[] = [];
  for (const { transport } of attacked.calls) {
    expired.push(transport.iceParameters);
  }
  for (const call of attacked.calls) {
    await call.restart();
    await call.restart();
  }
  const closed = attacked.calls.splice(0, 4);
  for (const { transport } of closed) {
    expired.push(transport.iceParameters);
    transport.close();
  }
  const before = attacked.tables();
  // With the right passwords.
  const senders = [...(await strangers(attacked, 5)), ...attacked.calls.map(({ peer }) => peer)];
  const packets = expired.flatMap((ice) => senders.map((_, n) => forged(senders, n, ice)));

  const { kernel, workers } = await attacked.suffer(packets);
  expect(kernel).toEqual({ stunUnknownUfrag: packets.length });
  expect(workers).toEqual({});
  expect(attacked.tables()).toEqual(before);
});

test('valid ufrags with wrong passwords: eight unverified tuples for each, and no effect on calls', {
  timeout,
}, async () => {
  const attacked = await CallsUnderAttack.start(3);
  const before = attacked.tables();
  const forgersOfEach = 20;
  const packets: Forged[] = [];
  const forgers: IcePeer[] = [];
  for (const { transport, peer } of attacked.calls) {
    for (let n = 0; n < forgersOfEach; n++) {
      const from = await attacked.peer(peer.to.ip);
      forgers.push(from);
      packets.push({
        from,
        bytes: bindingRequest({ ...transport.iceParameters, password }),
      });
    }
  }
  const added = attacked.calls.length * maxUnverified;

  const { kernel, workers } = await attacked.suffer(packets);
  expect(kernel).toEqual({
    stunSteered: packets.length,
    tupleAdded: added,
    tupleOverLimit: packets.length - added,
  });
  expect(workers).toEqual({ packets: packets.length });
  const { ufrags, tuples } = attacked.tables();
  expect(ufrags).toEqual(before.ufrags);
  expect(tuples.flat()).toHaveLength(before.tuples.flat().length + added);
  expect(tuples.flat()).toEqual(expect.arrayContaining(before.tuples.flat()));

  // Data from the unverified tuples reaches the worker, which does not know them.
  const junk = await attacked.suffer(forgers.map((from) => ({ from, bytes: unknownData })));
  expect(junk.kernel).toEqual({
    dataSteered: added,
    dataUnknownTuple: forgers.length - added,
  });
  expect(junk.workers).toEqual({ packets: added, droppedDataFromUnknownTuple: added });

  // Peers can change their addresses even when the unverified tuples are used up.
  for (const call of attacked.calls) {
    await moveAndSend(attacked, call);
  }
  await attacked.goOn();
  await attacked.expectUnaffected();
});

test.for([
  ['and wrong passwords', () => password],
  ['and their passwords', (right: string) => right],
] as const)(
  'takeover attempts: from each peer’s address with the ufrags of all others, %s',
  {
    timeout,
  },
  async ([, passwordOf]) => {
    const attacked = await CallsUnderAttack.start(3);
    const before = attacked.tables();
    const packets = attacked.calls.flatMap((victim) =>
      attacked.calls
        .filter((other) => other !== victim)
        .map(({ transport: { iceParameters } }) => ({
          from: victim.peer,
          bytes: bindingRequest({ ...iceParameters, password: passwordOf(iceParameters.password) }),
        })),
    );

    const { kernel, workers } = await attacked.suffer(packets);
    expect(kernel).toEqual({ stunTupleInUse: packets.length });
    expect(workers).toEqual({});
    expect(attacked.tables()).toEqual(before);
  },
);

test('a participant that verifies hundreds of addresses does not affect other calls', {
  timeout,
}, async () => {
  const attacked = await CallsUnderAttack.start(3);
  const [participant] = attacked.calls.splice(0, 1) as [Call];
  const before = attacked.tables();
  const ufrag = participant.transport.iceParameters.usernameFragment;
  const id = before.ufrags.get(ufrag.slice(-32))?.transport ?? 0;
  for (let n = 0; n < 300; n++) {
    const from = await attacked.peer('127.0.0.1', { ip: `127.0.2.${1 + (n % 250)}` });
    expect(await from.check(participant.transport.iceParameters)).toBe('success');
    if (n % 20 === 0) {
      await attacked.goOn();
    }
  }
  await attacked.expectUnaffected();
  const { ufrags, tuples } = attacked.tables();
  expect(ufrags).toEqual(before.ufrags);
  const ofOthers = before.tuples.flat().filter((tuple) => tuple.transport !== id);
  expect(tuples.flat()).toEqual(expect.arrayContaining(ofOthers));
  const verified = attacked.groups.map((group) => group.countVerifiedForTesting(id));
  expect(verified.reduce((sum, count) => sum + count)).toBeLessThanOrEqual(8);
});

test('a flood of more addresses than the table holds does not evict an active call', {
  timeout: 300_000,
}, async () => {
  const attacked = await CallsUnderAttack.start(3);
  const [idle] = attacked.calls.splice(1, 1) as [Call];
  const [group] = attacked.groups;
  const { usernameFragment } = attacked.calls[0]?.transport.iceParameters ?? {};
  const { transport = 0 } = attacked.tables().ufrags.get(usernameFragment ?? '') ?? {};
  const inTable = 1 << 17;
  // A participant with credentials could fill the table like this, with forged sources.
  for (let n = 0; n < inTable + 20_000; n++) {
    const address = `10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`;
    group?.setVerifiedOwner({ address, port: 4_000 }, transport);
    if (n % 1_000 === 0) {
      await attacked.goOn();
    }
  }
  await attacked.expectUnaffected();
  const outcome = await attacked.suffer([]);
  expect(outcome).toEqual({ kernel: {}, workers: {} });

  // The tuple of an idle call may have been evicted until its next request.
  await idle.check();
  idle.send();
  attacked.calls.push(idle);
  await attacked.expectUnaffected();
});

describe('malformed STUN', () => {
  const lengths = (first: number, last: number) =>
    Array.from({ length: last - first + 1 }, (_, n) => first + n);
  const header = emptyMessage(stunTypes.request);
  /** The part that the eBPF program reads: header, attribute header, and the USERNAME `ufrag:client`. */
  const untilUsername = header.length + 4 + 32 + ':client'.length;

  test('a Binding Request with a peer’s ufrag, cut at every length', { timeout }, async () => {
    const attacked = await CallsUnderAttack.start(3);
    const before = attacked.tables();
    const senders = await strangers(attacked, 1);
    const whole = bindingRequestWith({ ...attacked.calls[0]?.transport.iceParameters, password });
    const packets = lengths(0, whole.length - 1).map((length, n) => ({
      from: senders[n % senders.length] as IcePeer,
      bytes: whole.subarray(0, length),
    }));

    const { kernel, workers } = await attacked.suffer(packets);
    const steered = whole.length - untilUsername;
    expect(kernel).toEqual({
      dataUnknownTuple: header.length,
      stunMalformed: untilUsername - header.length,
      stunSteered: steered,
      tupleAdded: senders.length,
    });
    expect(workers).toEqual({ packets: steered, droppedMalformedStun: steered });
    expect(attacked.tables().ufrags).toEqual(before.ufrags);
  });

  test('without a readable USERNAME, of every length up to two Ethernet frames', {
    timeout,
  }, async () => {
    const attacked = await CallsUnderAttack.start(3);
    const before = attacked.tables();
    const senders = [...(await strangers(attacked, 5)), ...attacked.calls.map(({ peer }) => peer)];
    const ufrag = attacked.calls[0]?.transport.iceParameters.usernameFragment ?? '';
    const optional = attribute(0x8fff, Buffer.alloc(0));
    const messages = [
      // Attributes of random types and lengths, none of them a USERNAME.
      ...lengths(0, 3_000).map((length) => Buffer.concat([header, noUsername(length)])),
      // A USERNAME whose stated length is wrong.
      ...lengths(0, 32).map((length) => username(`${ufrag}:client`, length)),
      ...lengths(1, 256).map((n) => username(`${ufrag}:client`, n * 256 - 1)),
      // A USERNAME without a colon, with nothing before it, or with more behind it than RFC 8839 allows.
      ...lengths(0, 600).map((length) => username('x'.repeat(length))),
      ...lengths(0, 31).map((length) => username(`${'x'.repeat(length)}:client`)),
      ...lengths(257, 600).map((length) => username(`${ufrag}:${'x'.repeat(length)}`)),
      // A USERNAME behind more attributes than the eBPF program reads.
      ...lengths(16, 100).map((count) =>
        username(`${ufrag}:client`, undefined, Array(count).fill(optional)),
      ),
    ];
    const packets = messages.map((bytes, n) => ({
      from: senders[n % senders.length] as IcePeer,
      bytes,
    }));

    const { kernel, workers } = await attacked.suffer(packets);
    expect(kernel).toEqual({ stunMalformed: packets.length });
    expect(workers).toEqual({});
    expect(attacked.tables()).toEqual(before);
  });

  test('other than Binding Requests: dropped from a stranger, delivered to the worker from a peer’s address', {
    timeout,
  }, async () => {
    const attacked = await CallsUnderAttack.start(3);
    const before = attacked.tables();
    const junk = [stunTypes.indication, stunTypes.successResponse, stunTypes.errorResponse].flatMap(
      (type) => lengths(0, 300).map((n) => Buffer.concat([emptyMessage(type), randomBytes(n)])),
    );
    const senders = await strangers(attacked, 5);
    const victims = attacked.calls.map(({ peer }) => peer);
    const from = (peers: IcePeer[]) =>
      junk.map((bytes, n) => ({ from: peers[n % peers.length] as IcePeer, bytes }));

    expect(await attacked.suffer(from(senders))).toEqual({
      kernel: { dataUnknownTuple: junk.length },
      workers: {},
    });
    const { kernel, workers } = await attacked.suffer(from(victims));
    expect(kernel).toEqual({ dataSteered: junk.length });
    expect(workers).toMatchObject({ packets: junk.length });
    expect(attacked.tables()).toEqual(before);
  });

  function username(text: string, length = text.length, before: Buffer[] = []): Buffer {
    return Buffer.concat([header, ...before, attribute(0x0006, Buffer.from(text), length)]);
  }
});

/** @param length - the stated length, which may be wrong */
function attribute(type: number, value: Buffer, length = value.length): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt16BE(type, 0);
  head.writeUInt16BE(length, 2);
  return Buffer.concat([head, value, Buffer.alloc(-value.length & 3)]);
}

/** Random bytes in which no attribute can be a USERNAME: there is no 0x06 at an odd offset. */
function noUsername(length: number): Buffer {
  const bytes = randomBytes(length);
  for (let at = 1; at < length; at += 2) {
    if (bytes[at] === 6) {
      bytes[at] = 7;
    }
  }
  return bytes;
}

/** Sockets without a call, alternately to each address. */
async function strangers(attacked: CallsUnderAttack, count: number): Promise<IcePeer[]> {
  const ips = attacked.groups.map(({ ip }) => ip);
  return await Promise.all(
    Array.from({ length: count * ips.length }, (_, n) => attacked.peer(ips[n % ips.length] ?? '')),
  );
}

function forged(senders: readonly IcePeer[], n: number, ice: IceCredentials): Forged {
  return { from: senders[n % senders.length] as IcePeer, bytes: bindingRequest(ice) };
}

/** Waits after the move until the server has verified the new tuple. */
async function moveAndSend(attacked: CallsUnderAttack, call: Call): Promise<void> {
  const selected = new Promise((resolve) => call.transport.once('iceselectedtuplechange', resolve));
  await call.move(await attacked.peer(call.peer.to.ip));
  await selected;
  call.send();
}
