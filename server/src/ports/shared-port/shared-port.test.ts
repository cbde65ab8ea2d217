import { once } from 'node:events';
import { beforeEach, expect, test } from 'vitest';
import { Call } from '../../../../testkit/clients/calls.ts';
import { IcePeer, unknownData } from '../../../../testkit/clients/ice-peer.ts';
import { skipWithoutSteering, startSharedServer } from '../../../../testkit/servers/shared-port.ts';
import { dumpOf } from '../../../../testkit/servers/worker-state.ts';
import type { MediaWorker } from '../../media/media-worker.ts';
import { bindingRequest } from '../../stun/stun-message.ts';
import type { Transport } from '../types.ts';

beforeEach(skipWithoutSteering);

const options = {
  protocols: ['udp' as const, 'tcp' as const],
  enableSctp: false,
  appData: { roomId: 'room', peerId: 'peer', direction: 'send' as const },
};

interface RandomCall {
  worker: MediaWorker;
  transport: Transport;
  peer: IcePeer;
  moves: number;
}

/** A repeatable linear congruential generator of numbers from 0 to below 1. */
function numbersFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** The part of a ufrag that is in the steering tables. */
const randomPart = (ufrag: string) => ufrag.slice(-32);

const operations = 3_000;
const mostCalls = 60;
/** mediasoup drops the oldest tuple of more than eight. */
const mostMoves = 7;

test('the steering tables match the workers after thousands of random operations', {
  timeout: 180_000,
}, async () => {
  const { pool, ports, mediaPort } = await startSharedServer({
    MEDIASOUP_NUM_WORKERS: '3',
    ICE_UFRAG: 'room-and-peer',
  });
  const at = { ip: '127.0.0.1', port: mediaPort };
  const random = numbersFrom(4711);
  const anyOf = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  const calls = new Set<RandomCall>();
  /** The transport of each ufrag, including those that are no longer valid. */
  const transportOf = new Map<string, string>();
  const done: Record<string, number> = {};
  const used = new Set<number>();
  /** Opens a peer at a new port, because a verified tuple in use could not be moved for a while. */
  const openPeer = async (): Promise<IcePeer> => {
    const peer = await IcePeer.open(at);
    if (!used.has(peer.remote.port)) {
      used.add(peer.remote.port);
      return peer;
    }
    await peer.close();
    return await openPeer();
  };
  const remember = ({ transport }: RandomCall) => {
    transportOf.set(randomPart(transport.iceParameters.usernameFragment), transport.id);
  };

  const steps: Record<string, (call: RandomCall) => Promise<void>> = {
    async check({ transport, peer }) {
      expect(await peer.check(transport.iceParameters)).toBe('success');
      // From then on, no other transport can take the address.
      await expect
        .poll(() => transport.iceSelectedTuple?.remotePort, { interval: 1 })
        .toBe(peer.remote.port);
    },
    async restart(call) {
      await call.worker.ports.restartIce(call.transport);
      remember(call);
      if (random() < 0.7) {
        await steps.check?.(call);
      }
    },
    async move(call) {
      if (++call.moves > mostMoves) {
        return;
      }
      const before = call.peer;
      call.peer = await openPeer();
      await steps.check?.(call);
      await before.close();
    },
    /** One socket for two transports, as when a NAT or a reload reuses a port. */
    async reuse(call) {
      const other = anyOf([...calls]);
      if (other === call || ++other.moves > mostMoves) {
        return;
      }
      call.transport.close();
      calls.delete(call);
      const before = other.peer;
      other.peer = call.peer;
      await steps.check?.(other);
      await before.close();
    },
    /** A request with a right password from an address in use. */
    async intrude(call) {
      const other = anyOf([...calls]);
      if (other === call) {
        return;
      }
      const dropped = () => ports.steering.groups[0]?.counters().stunTupleInUse ?? 0;
      const before = dropped();
      call.peer.send(bindingRequest(other.transport.iceParameters));
      await expect.poll(dropped, { interval: 1 }).toBe(before + 1);
    },
    async close(call) {
      call.transport.close();
      await call.peer.close();
      calls.delete(call);
    },
    async killWorker() {
      if (random() > 0.05) {
        return;
      }
      const { worker } = anyOf(pool.workers);
      const gone = [...calls].filter((call) => call.worker.worker === worker);
      process.kill(worker.pid, 'SIGKILL');
      await once(worker, 'died');
      for (const call of gone) {
        await steps.close?.(call);
      }
      await expect.poll(() => pool.workers.length).toBe(3);
    },
  };

  for (let n = 0; n < operations; n++) {
    const names = ['check', 'restart', 'move', 'reuse', 'intrude', 'close', 'killWorker'];
    if (calls.size === 0 || (calls.size < mostCalls && random() < 0.3)) {
      const worker = anyOf(pool.workers);
      const transport = await worker.ports.createTransport(await worker.createRouter(), options);
      const call = { worker, transport, peer: await openPeer(), moves: 0 };
      calls.add(call);
      remember(call);
      await steps.check?.(call);
    } else {
      const name = anyOf(names);
      done[name] = (done[name] ?? 0) + 1;
      await steps[name]?.(anyOf([...calls]));
    }
  }
  for (const call of calls) {
    await steps.check?.(call);
  }

  await expect.poll(() => differences(), { timeout: 10_000 }).toEqual([]);
  expect(Math.min(...Object.values(done)), JSON.stringify(done)).toBeGreaterThan(100);

  // Without requests, consent expires (RFC 7675), and data is dropped until the next request.
  const expired = [...calls].map(({ transport }) => once(transport, 'icestatechange'));
  expect(new Set((await Promise.all(expired)).flat())).toEqual(new Set(['disconnected']));
  const unknown = () => ports.steering.groups[0]?.counters().dataUnknownTuple ?? 0;
  const before = unknown();
  for (const { peer } of calls) {
    peer.send(unknownData);
  }
  await expect.poll(unknown).toBe(before + calls.size);
  expect(await differences()).toEqual([]);
  for (const call of calls) {
    await steps.check?.(call);
  }
  await expect.poll(() => differences(), { timeout: 10_000 }).toEqual([]);
  for (const { peer } of calls) {
    await peer.close();
  }

  async function differences(): Promise<string[]> {
    const found: string[] = [];
    const [group] = ports.steering.groups;
    const ufrags = ports.steering.tables.readUfragsForTesting();
    const owners = new Map(
      group?.readTuplesForTesting().map(({ remote, owner }) => [remote.port, owner]),
    );
    /** mediasoup's transport ids by those of the steering tables. */
    const transports = new Map(
      [...ufrags].map(([ufrag, { transport }]) => [transport, transportOf.get(ufrag)]),
    );
    const live = new Set([...calls].map(({ transport }) => transport.id));
    /** The transports to which the workers deliver data from a remote port. */
    const delivered = new Map<number, string[]>();

    for (const { index, worker } of pool.workers) {
      const dump = await dumpOf(worker);
      for (const { localIceUsernameFragment: ufrag } of dump.localIceUsernameFragments) {
        expect(ufrag).toMatch(/^room\/peer/);
        const workerIndex = ufrags.get(randomPart(ufrag))?.workerIndex;
        if (workerIndex !== index) {
          found.push(`${ufrag} of worker ${index} is steered to ${workerIndex}`);
        }
      }
      for (const { tuple, webRtcTransportId } of dump.tuples) {
        const key = tuple.remotePort ?? 0;
        delivered.set(key, [...(delivered.get(key) ?? []), webRtcTransportId]);
      }
    }
    for (const [ufrag, { transport, workerIndex }] of ufrags) {
      const id = transports.get(transport);
      if (!id || !live.has(id)) {
        found.push(`${ufrag} (worker ${workerIndex}) is of no transport`);
      }
    }
    for (const [remote, ids] of delivered) {
      const { transport = 0, previous = 0 } = owners.get(remote) ?? {};
      const owner = transports.get(transport) ?? transports.get(previous);
      if (!owner || !ids.includes(owner)) {
        found.push(`${remote} of ${ids} is steered to ${owner}`);
      }
    }
    return found;
  }
});

test('follows a verified address where another address is announced, as behind NAT', async () => {
  const { pool, ports, mediaPort } = await startSharedServer({
    MEDIASOUP_NUM_WORKERS: '2',
    MEDIASOUP_ANNOUNCED_ADDRESS: '203.0.113.7',
  });
  const peer = await IcePeer.open({ ip: '127.0.0.1', port: mediaPort });
  const [first, second] = pool.workers as [MediaWorker, MediaWorker];
  // A forged request has added an unverified tuple before, which only a verified one replaces.
  const other = await Call.start(first, await IcePeer.open(peer.to));
  expect(await peer.check({ ...other.transport.iceParameters, password: 'no' })).toBe(401);
  const call = await Call.start(second, peer);
  const dataSteered = () => ports.steering.groups[0]?.counters().dataSteered;
  // The worker responds before the server has verified the tuple.
  for (let n = 1; (await call.dataBytesReceived()) === 0; n++) {
    expect(n).toBeLessThan(1_000);
    // Gives the server time to verify it on a busy machine.
    await new Promise((resolve) => setTimeout(resolve, 10));
    call.send();
    await expect.poll(dataSteered).toBe(n);
  }
  await Promise.all([peer.close(), other.peer.close()]);
});
