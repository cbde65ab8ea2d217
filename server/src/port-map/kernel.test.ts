/** Compares the port map with the kernel (`ss`) and the workers (`dump()`) while peers join and leave. */
import type { types } from 'mediasoup';
import { expect, onTestFinished, test } from 'vitest';
import { checkIce, type IceChecked } from '../../../testkit/clients/ice-peer.ts';
import { PortMapViewer } from '../../../testkit/clients/port-map-viewer.ts';
import { TestPeer } from '../../../testkit/clients/test-peer.ts';
import { obstacleToSteering } from '../../../testkit/servers/shared-port.ts';
import { startTestServer, type TestServer } from '../../../testkit/servers/test-server.ts';
import { kernelSockets } from '../../../testkit/system/kernel-sockets.ts';
import { SharedPort } from '../ports/shared-port/shared-port.ts';

/** Members of mediasoup's Worker that its public type omits. */
interface WorkerForTesting {
  webRtcServersForTesting: Set<types.WebRtcServer>;
  routersForTesting: Set<types.Router & { transportsForTesting: Map<string, types.Transport> }>;
}

interface Present {
  peer: TestPeer;
  /** Its transports, as its `welcome` described them. */
  expected: string[];
  checks: IceChecked[];
}

/** Must be equal in all three: the listening sockets, and the tuples of transports. */
interface Facts {
  listening: string[];
  tuples: string[];
}

const modes = [
  // UDP and TCP, for 16 transports, for two workers, and for all. In multi-port, both have random numbers.
  { mode: 'multi-port', setting: 'false', ports: 32, numbers: undefined },
  { mode: 'single-port', setting: 'true', ports: 4, numbers: 2 },
  { mode: 'shared-port', setting: 'shared', ports: 2, numbers: 1 },
] as const;

const obstacle = obstacleToSteering();

test.for(modes)(
  '$mode: the map agrees with the kernel and the workers',
  {
    timeout: 120_000,
  },
  async ({ mode, setting, ports, numbers }, { skip }) => {
    skip(mode === 'shared-port' && obstacle !== undefined, obstacle);
    const server = await startTestServer({
      MEDIASOUP_USE_WEBRTC_SERVER: setting,
      MEDIASOUP_NUM_WORKERS: '2',
    });
    onTestFinished(() => server.stop());
    const viewer = await PortMapViewer.open({ url: server.url });
    onTestFinished(() => viewer.close());
    const present: Present[] = [];

    for (let n = 0; n < 10; n++) {
      present.push(await join(server, n));
      // Peers leave in between, so that the map must remove them.
      if (n % 4 === 3) {
        await leave(present.shift());
      }
      if (n % 3 === 0) {
        await agree();
      }
    }
    expect(present).toHaveLength(8);
    await agree();
    expect(shown().tuples).toHaveLength(16);
    expect(viewer.ports.size).toBe(ports);
    if (numbers) {
      expect(viewer.facts?.portNumbers).toBe(numbers);
    }
    // A page that is opened later shows the same.
    const late = await PortMapViewer.open({ url: server.url });
    onTestFinished(() => late.close());
    await expect
      .poll(() => [...late.transports.keys()].sort())
      .toEqual([...viewer.transports.keys()].sort());

    while (present.length > 0) {
      await leave(present.pop());
    }
    await agree();
    expect(shown().tuples).toEqual([]);

    async function agree(): Promise<void> {
      await expect.poll(differences, { timeout: 15_000 }).toEqual([]);
    }

    async function differences(): Promise<string[]> {
      const [map, kernel, workers] = [shown(), ofKernel(), await ofWorkers()];
      const rows = [...viewer.transports.values()];
      const ufrags = rows.map(({ key, ufrag }) => `${key} ${ufrag}`);
      const names = rows.map(({ key, ufrag, direction, peerId, displayName, roomId }) =>
        [key, ufrag, direction, peerId, displayName, roomId].join(' '),
      );
      return [
        ...differ('ufrag', 'workers', ufrags, workers.ufrags),
        ...differ(
          'transport',
          'peers',
          names,
          present.flatMap(({ expected }) => expected),
        ),
        ...differ('listening', 'kernel', map.listening, kernel.listening),
        ...differ('tuple', 'kernel', map.tuples.map(withoutTransport), kernel.tuples),
        ...differ('tuple', 'workers', map.tuples, workers.tuples),
      ];
    }

    function shown(): Facts {
      return {
        listening: [...viewer.ports.values()].flatMap(({ protocol, port, addresses }) =>
          addresses.map((address) => `${protocol} ${address}:${port}`),
        ),
        tuples: [...viewer.transports.values()].flatMap(({ key, tuple }) =>
          tuple ? [`${key} ${tuple.port} <- ${tuple.address}:${tuple.remotePort}`] : [],
        ),
      };
    }

    /** Listening: the workers' sockets, and ours in shared-port. Tuples: the sockets of this test. */
    function ofKernel(): Facts {
      const shared = server.ports instanceof SharedPort;
      const pids = server.pool.workers.map(({ worker }) => worker.pid);
      const listening = kernelSockets('listening').filter(({ local, pid }) =>
        // Behind the TCP demultiplexer, workers listen for TCP on internal ports.
        shared && local.startsWith('tcp')
          ? pid === process.pid && local.endsWith(`:${server.mediaPort}`)
          : pids.includes(pid),
      );
      const ours = [...kernelSockets('listening'), ...kernelSockets('connected')].filter(
        ({ pid }) => pid === process.pid,
      );
      const tuples = present.flatMap(({ checks }) =>
        checks.flatMap(({ from, to }) => {
          const local = `${to.protocol} ${from.address}:${from.port}`;
          const remote = `${to.protocol} ${to.address}:${to.port}`;
          const open = ours.some((socket) => socket.local === local && socket.remote === remote);
          return open ? [`${to.protocol} ${to.port} <- ${from.address}:${from.port}`] : [];
        }),
      );
      return { listening: [...new Set(listening.map(({ local }) => local))], tuples };
    }

    async function ofWorkers(): Promise<{ tuples: string[]; ufrags: string[] }> {
      const tuples: string[] = [];
      const ufrags: string[] = [];
      for (const { worker } of server.pool.workers) {
        const { webRtcServersForTesting, routersForTesting } =
          worker as unknown as WorkerForTesting;
        for (const webRtcServer of webRtcServersForTesting) {
          const dump = await webRtcServer.dump();
          for (const { tuple, webRtcTransportId } of dump.tuples) {
            tuples.push(`${webRtcTransportId} ${describe(tuple)}`);
          }
          for (const one of dump.localIceUsernameFragments) {
            ufrags.push(`${one.webRtcTransportId} ${one.localIceUsernameFragment}`);
          }
        }
        if (webRtcServersForTesting.size > 0) {
          continue;
        }
        for (const router of routersForTesting) {
          for (const transport of router.transportsForTesting.values()) {
            if (transport.type !== 'webrtc') {
              continue;
            }
            const { iceParameters } = (await transport.dump()) as types.WebRtcTransportDump;
            ufrags.push(`${transport.id} ${iceParameters.usernameFragment}`);
            // Not dump(): mediasoup 3.27.1 leaves out the tuple that its type promises.
            const [stats] = (await transport.getStats()) as types.WebRtcTransportStat[];
            const tuple = stats?.iceSelectedTuple;
            if (tuple) {
              tuples.push(`${transport.id} ${describe(tuple)}`);
            }
          }
        }
      }
      return { tuples, ufrags };
    }

    /** A worker sees the demultiplexer's connection, which must be traced back to the client. */
    function describe({ protocol, localPort, remoteIp, remotePort }: types.TransportTuple): string {
      const front =
        protocol === 'tcp' && server.ports instanceof SharedPort && server.ports.tcpDemultiplexer;
      const remote = front ? front.remoteOf(localPort, remotePort ?? 0) : undefined;
      const port = front ? server.mediaPort : localPort;
      return `${protocol} ${port} <- ${remote?.address ?? remoteIp}:${remote?.port ?? remotePort}`;
    }
  },
);

/** A peer joins and does ICE on both transports, by UDP or TCP. */
async function join({ signalling }: TestServer, n: number): Promise<Present> {
  const roomId = `room-${n % 3}`;
  const peer = await TestPeer.join({ signalling, roomId });
  const { sendTransport, recvTransport } = await peer.welcome();
  const checks: IceChecked[] = [];
  for (const [i, transport] of [sendTransport, recvTransport].entries()) {
    const protocol = (n + i) % 3 === 0 ? 'tcp' : 'udp';
    const candidate = transport?.iceCandidates.find((one) => one.protocol === protocol);
    if (!transport || !candidate) {
      throw new Error('no candidate');
    }
    const { address, port } = candidate;
    const check = await checkIce({ protocol, address, port }, transport.iceParameters);
    expect(check.result).toBe('success');
    checks.push(check);
  }
  const expected = [sendTransport, recvTransport].map((transport, i) =>
    [
      transport?.transportId,
      transport?.iceParameters.usernameFragment,
      ['send', 'recv'][i],
      peer.peerId,
      peer.displayName,
      roomId,
    ].join(' '),
  );
  return { peer, expected, checks };
}

async function leave(present: Present | undefined): Promise<void> {
  if (!present) {
    return;
  }
  await present.peer.leave();
  for (const check of present.checks) {
    await check[Symbol.asyncDispose]();
  }
}

function withoutTransport(tuple: string): string {
  return tuple.slice(tuple.indexOf(' ') + 1);
}

function differ(what: string, who: string, map: string[], others: string[]): string[] {
  return [
    ...map.filter((one) => !others.includes(one)).map((one) => `${what} only in the map: ${one}`),
    ...others
      .filter((one) => !map.includes(one))
      .map((one) => `${what} only of the ${who}: ${one}`),
  ];
}
