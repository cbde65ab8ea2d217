/** The cost of transports that carry nothing yet: descriptors, sockets, memory of the kernel and of the worker. */
import { readFileSync } from 'node:fs';
import { freePorts } from '../testkit/servers/free-ports.ts';
import { startTestServer } from '../testkit/servers/test-server.ts';
import { openFilesOf, residentBytesOf, socketCountOf } from '../testkit/system/processes.ts';
import { chooseCores, pin } from './cores.ts';
import { processCpuNs } from './measuring.ts';
import type { Group, Measured, Scenario } from './scenario.ts';
import { portModes, type ServerSetup, serverSubject } from './server-subject.ts';

/** Asked for side by side. */
const atOnce = 50;

async function measureIdleTransports(
  { workerBin, env }: ServerSetup,
  count: number,
): Promise<Measured> {
  await using stack = new AsyncDisposableStack();
  // multi-port opens two ports for each transport, with the same number if it is free.
  const portCount = 2 * count + 100;
  const firstPort = await freePorts(portCount);
  const server = await startTestServer({
    MEDIASOUP_WORKER_BIN: workerBin,
    MEDIASOUP_MIN_PORT: String(firstPort),
    MEDIASOUP_MAX_PORT: String(firstPort + portCount - 1),
    ...env,
  });
  stack.defer(() => server.stop());
  const [worker] = server.pool.workers;
  if (!worker) {
    throw new Error('the server has no worker');
  }
  const { pid } = worker.worker;
  pin(pid, chooseCores().workers);
  const router = await worker.createRouter();
  const read = () => ({
    descriptors: openFilesOf(pid).length,
    sockets: socketCountOf(pid),
    resident: residentBytesOf(pid),
    kernel: slabKilobytes(),
    cpuNs: processCpuNs(pid),
  });
  const create = (n: number) =>
    worker.ports.createTransport(router, {
      protocols: ['udp', 'tcp'],
      enableSctp: false,
      appData: { roomId: 'bench', peerId: `peer-${n}`, direction: 'recv' },
    });
  // Not counted: it lets the worker allocate what all transports share.
  await create(0);
  const before = read();
  for (let created = 0; created < count; created += atOnce) {
    const some = Math.min(atOnce, count - created);
    await Promise.all(Array.from({ length: some }, (_, i) => create(1 + created + i)));
  }
  const after = read();
  return {
    invalid: [],
    figures: {
      descriptors: after.descriptors - before.descriptors,
      sockets: after.sockets - before.sockets,
      kernel: Math.max(0, after.kernel - before.kernel) / 1024,
      resident: (after.resident - before.resident) / 2 ** 20,
      create: (after.cpuNs - before.cpuNs) / 1000 / count,
    },
  };
}

/** Memory of the kernel's own objects, sockets and their files among them (proc_meminfo(5)), in kB. */
function slabKilobytes(): number {
  const [, kilobytes] = /^Slab:\s+(\d+) kB$/m.exec(readFileSync('/proc/meminfo', 'latin1')) ?? [];
  return Number(kilobytes);
}

function scenario(count: number, short = false): Scenario {
  return {
    name: `idle-transports/${count}`,
    title: `${count.toLocaleString('en-US')} transports`,
    x: count,
    short,
    subjects: (options) =>
      portModes(options).map((setup) =>
        serverSubject(setup, (setup) => measureIdleTransports(setup, count)),
      ),
  };
}

export const idleTransports: Group = {
  name: 'idle-transports',
  title: 'Idle transports',
  text: `
One worker creates WebRtcTransports for UDP and TCP, to which no client connects. A peer that sends and receives has two.
Each figure is the increase over a worker with one transport. *Kernel* is the growth of all the kernel's objects (\`Slab\` in
proc_meminfo(5)), so it includes what other programs did meanwhile and is rough below 1 MB. *CPU* is the
worker's, for the creation of one transport.

A transport that carries media needs more: SRTP contexts, retransmission buffers and, in every mode, packets in socket buffers. In
multi-port each transport has a receive buffer of its own, up to \`net.core.rmem_default\`, in the other modes they share one.`,
  figures: {
    descriptors: { title: 'descriptors', unit: '', better: 'lower' },
    sockets: { title: 'sockets', unit: '', better: 'lower' },
    kernel: { title: 'kernel', unit: 'MB', better: 'lower' },
    resident: { title: 'worker memory', unit: 'MB', better: 'lower', ratio: true },
    create: { title: 'CPU', unit: 'µs', better: 'lower', ratio: true },
  },
  plot: { figure: 'resident', axis: 'transports' },
  scenarios: [scenario(100), scenario(1000, true), scenario(5000)],
};
