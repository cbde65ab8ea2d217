import { once } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { beforeEach, expect, test } from 'vitest';
import { Call } from '../../../../testkit/clients/calls.ts';
import { IcePeer, unknownData } from '../../../../testkit/clients/ice-peer.ts';
import { skipWithoutSteering, startSharedServer } from '../../../../testkit/servers/shared-port.ts';
import { receivedByUdp } from '../../../../testkit/servers/worker-state.ts';
import type { MediaWorker } from '../../media/media-worker.ts';

beforeEach(skipWithoutSteering);

const packets = 1_000_000;
const numPeers = 1_000;
const numWorkers = 3;
const ips = ['127.0.0.1', '::1'];

/**
 * In each round every peer sends one packet. One of this many is a Binding Request, and the round ends when all
 * requests are answered, so that no receive buffer overflows.
 */
const checkEvery = 25;
const movesInRound = 2;
const restartsInRound = 1;
/** The number of peers of a dead worker that get a new call in a round. */
const startedInRound = 50;

test('delivers each of a million packets of a thousand peers to its transport', {
  timeout: 600_000,
}, async ({ annotate }) => {
  const { pool, ports, mediaPort } = await startSharedServer({
    MEDIASOUP_LISTEN_IP: ips.join(),
    MEDIASOUP_NUM_WORKERS: String(numWorkers),
  });
  /** All calls, including those that have ended. */
  const calls: Call[] = [];
  /** By peer. */
  const current: Call[] = [];
  const oldSockets: IcePeer[] = [];
  const done = { moves: 0, restarts: 0, kills: 0, started: 0, toDeadWorkers: 0 };
  const sent = () => calls.reduce((sum, call) => sum + call.sent.packets, 0);

  for (let i = 0; i < numPeers; i++) {
    const peer = await IcePeer.open({ ip: ips[i % ips.length] as string, port: mediaPort });
    await startCall(i, peer);
  }
  for (let round = 0; sent() < packets || current.some(isOver); round++) {
    await changeSomething(round);
    const killed = sent() > (packets * (done.kills + 1)) / (numWorkers + 1);
    await sendOneEach(round, killed ? pool.workers[done.kills] : undefined);
  }

  for (const { index, worker } of pool.workers) {
    const its = calls.filter((call) => call.worker.worker === worker);
    const expected = its.reduce((sum, call) => sum + call.sent.packets, 0);
    await expect
      .poll(() => receivedByUdp(worker), { message: `worker ${index}` })
      .toMatchObject({
        packets: expected,
        droppedMalformedStun: 0,
        droppedNonRequestStun: 0,
        droppedStunWithoutUsername: 0,
        droppedStunWithUnknownUsername: 0,
        droppedDataFromUnknownTuple: 0,
      });
  }
  for (const call of current) {
    expect(await call.dataBytesReceived()).toBe(call.sent.dataBytes);
  }

  const counted = ports.steering.groups.map((group) => group.counters());
  let dropped = 0;
  for (const { stunSteered, dataSteered, noWorker, dataUnknownTuple, ...others } of counted) {
    dropped += noWorker + dataUnknownTuple;
    expect(others).toMatchObject({
      stunMalformed: 0,
      stunUnknownUfrag: 0,
      unreadable: 0,
      tupleRestored: 0,
      tupleRejected: 0,
      tupleOverLimit: 0,
    });
    expect(Math.min(stunSteered, dataSteered)).toBeGreaterThan(packets / checkEvery / 4);
  }
  expect(dropped).toBeLessThanOrEqual(done.toDeadWorkers);
  const handled = counted.reduce((sum, one) => sum + one.stunSteered + one.dataSteered, dropped);
  expect(handled).toBe(sent());
  expect(counted.reduce((sum, one) => sum + one.tupleAdded, 0)).toBe(calls.length + done.moves);
  expect(done).toMatchObject({ kills: numWorkers, started: calls.length });
  await annotate(JSON.stringify({ sent: sent(), dropped, ...done }));
  await Promise.all([...current.map(({ peer }) => peer), ...oldSockets].map((one) => one.close()));

  async function startCall(i: number, peer: IcePeer): Promise<void> {
    const call = await Call.start(pool.workers[i % numWorkers] as MediaWorker, peer);
    calls.push(call);
    current[i] = call;
    done.started += 1;
  }

  async function changeSomething(round: number): Promise<void> {
    const alive = current.filter((call) => !isOver(call));
    const some = (count: number) =>
      Array.from({ length: count }, (_, n) => alive[(round * count + n) % alive.length] as Call);
    for (const call of some(movesInRound)) {
      const before = await call.move(await IcePeer.open(call.peer.to));
      // Packets in flight, or from both networks of a peer, still come from the old address.
      before.send(unknownData);
      oldSockets.push(before);
      done.moves += 1;
    }
    for (const call of some(restartsInRound)) {
      await call.restart();
      done.restarts += 1;
    }
    if (pool.workers.length < numWorkers) {
      return;
    }
    const over = current.flatMap((call, i) => (isOver(call) ? [{ i, peer: call.peer }] : []));
    for (const { i, peer } of over.slice(0, startedInRound)) {
      await startCall(i, peer);
    }
  }

  async function sendOneEach(round: number, dying?: MediaWorker): Promise<void> {
    const died = dying && once(dying.worker, 'died');
    const checking: Call[] = [];
    for (const [i, call] of current.entries()) {
      if (dying && i === numPeers / 2) {
        // Lets the packets sent so far leave the process.
        await nextTurn();
        process.kill(dying.worker.pid, 'SIGKILL');
        done.kills += 1;
      }
      const goesNowhere = isOver(call) || call.worker === dying;
      if (goesNowhere) {
        done.toDeadWorkers += 1;
      }
      if (!goesNowhere && (i + round) % checkEvery === 0) {
        checking.push(call);
      } else {
        call.send();
      }
    }
    await Promise.all(checking.map((call) => call.check()));
    await died;
  }
});

function isOver({ transport }: Call): boolean {
  return transport.closed;
}
