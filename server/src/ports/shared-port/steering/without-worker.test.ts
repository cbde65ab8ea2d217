/** Steering to Node processes in place of workers, to test kernels and architectures for which there is no worker. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { bindUdp } from '../../../../../testkit/clients/dtls-peer.ts';
import { unknownData } from '../../../../../testkit/clients/ice-peer.ts';
import { sendInPages, sendWithOptions } from '../../../../../testkit/clients/raw-datagrams.ts';
import { bindingRequestWith } from '../../../../../testkit/clients/stun.ts';
import { freePorts } from '../../../../../testkit/servers/free-ports.ts';
import { skipWithoutSteering } from '../../../../../testkit/servers/shared-port.ts';
import { bindingRequest } from '../../../stun/stun-message.ts';
import { Steering } from './steering.ts';
import type { SteeringGroup } from './steering-group.ts';

beforeEach(skipWithoutSteering);

const password = 'not checked';
const ufragOf = (n: number) => String(n).padStart(32, 'u');
const request = (n: number) => bindingRequest({ usernameFragment: ufragOf(n), password });

async function start(ip: string, members: number) {
  const port = await freePorts(1);
  const steering = Steering.load([{ ip, port }]);
  onTestFinished(() => steering.close());
  steering.open();
  const group = steering.groups[0] as SteeringGroup;
  const add = async (slot: number) => {
    const member = await Member.start(ip, port);
    await steering.addWorker(slot, member.pid);
    return member;
  };
  const all: Member[] = [];
  for (let slot = 0; slot < members; slot++) {
    all.push(await add(slot));
  }
  return { port, steering, group, members: all as [Member, ...Member[]], add };
}

class Member {
  readonly received: string[] = [];
  readonly #process: ChildProcess;

  static async start(ip: string, port: number): Promise<Member> {
    const file = new URL('../../../../../testkit/servers/udp-group-member.ts', import.meta.url);
    const child = fork(file, [ip, String(port)], { execArgv: [] });
    onTestFinished(() => void child.kill());
    await once(child, 'message');
    return new Member(child);
  }

  private constructor(child: ChildProcess) {
    this.#process = child;
    child.on('message', (datagram) => this.received.push(String(datagram)));
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  async kill(): Promise<void> {
    const exit = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await exit;
  }
}

describe.each(['127.0.0.1', '::1'])('at %s', (ip) => {
  test('delivers the Binding Requests of its ufrags and the data after them to a process, and nothing else', async () => {
    const { port, steering, group, members } = await start(ip, 3);
    const expected: string[][] = [[], [], []];
    const send = async (datagrams: Buffer[]) => {
      const socket = await bindUdp(ip);
      for (const one of datagrams) {
        socket.send(one, port, ip);
      }
    };
    for (let n = 0; n < 12; n++) {
      steering.addTransport(n % 3, ufragOf(n));
      const datagrams = [request(n), Buffer.from([0xff, n]), Buffer.alloc(1200, n + 64)];
      expected[n % 3]?.push(...datagrams.map((one) => one.toString('base64')));
      await send(datagrams);
    }
    await send([request(99), unknownData, bindingRequestWith({ password })]);
    await expect
      .poll(() => group.counters())
      .toMatchObject({
        ...{ stunSteered: 12, dataSteered: 24, tupleAdded: 12, noWorker: 0, unreadable: 0 },
        ...{ stunUnknownUfrag: 1, dataUnknownTuple: 1, stunMalformed: 1 },
      });
    for (const [slot, member] of members.entries()) {
      await expect.poll(() => [...member.received].sort()).toEqual(expected[slot]?.sort());
    }
    expect(group.readTuplesForTesting()).toHaveLength(12);
  });
});

test.each([
  ['has its payload in separate pages', sendInPages],
  ['has IP options', sendWithOptions],
])('reads a datagram that %s', async (_, send) => {
  const { port, steering, group, members } = await start('127.0.0.1', 2);
  steering.addTransport(1, ufragOf(1));
  // The last one is shorter than a STUN header.
  const datagrams = [request(1), unknownData, Buffer.of(0xff)];
  send(port, datagrams);
  const expected = datagrams.map((one) => one.toString('base64'));
  await expect.poll(() => members[1]?.received).toEqual(expected);
  expect(group.counters()).toMatchObject({ stunSteered: 1, tupleAdded: 1, dataSteered: 2 });
});

test('does not move a verified tuple in use until its transport closes', async () => {
  const { port, steering, group, members } = await start('127.0.0.1', 2);
  const [one, other] = [0, 1].map((n) => steering.addTransport(n, ufragOf(n)));
  const socket = await bindUdp();
  one?.verifyTuple(group, socket.address());
  const [fromOne, fromOther] = [request(0), request(1)];
  socket.send(fromOther, port);
  await expect.poll(() => group.counters().stunTupleInUse).toBe(1);
  socket.send(fromOne, port);
  await expect.poll(() => members[0].received).toEqual([fromOne.toString('base64')]);

  one?.close();
  socket.send(fromOther, port);
  await expect.poll(() => members[1]?.received).toEqual([fromOther.toString('base64')]);
  other?.close();
  socket.send(unknownData, port);
  await expect.poll(() => group.counters().dataUnknownTuple).toBe(1);
});

test('vacates the slot of a killed process, and the next process takes it', async () => {
  const { port, steering, group, members, add } = await start('127.0.0.1', 2);
  steering.addTransport(0, ufragOf(0));
  steering.addTransport(1, ufragOf(1));
  await members[0].kill();
  const socket = await bindUdp();
  const asked = request(0);
  socket.send(asked, port);
  await expect.poll(() => group.counters()).toMatchObject({ noWorker: 1, stunSteered: 0 });
  const next = await add(0);
  socket.send(asked, port);
  await expect.poll(() => next.received).toEqual([asked.toString('base64')]);
  const toOther = request(1);
  (await bindUdp()).send(toOther, port);
  await expect.poll(() => members[1]?.received).toEqual([toOther.toString('base64')]);
});
