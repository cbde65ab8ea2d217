/** Metrics of the media ports: traffic, drops, and how transports are connected. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Counter, Gauge, type Registry } from 'prom-client';
import { canonicalIp } from '../net/ip.ts';
import { readUdpSockets } from '../net/udp-sockets.ts';
import type { MediaPorts, PortCounts, PortMap } from '../ports/types.ts';
import { ReceiveDrops } from './receive-drops.ts';

/** @returns updates the metrics before a scrape */
export function portMetrics(registry: Registry, ports: MediaPorts): () => Promise<void> {
  const registers = [registry];
  const collectTransports = transportMetrics(registers);
  const collectCounts = countMetrics(registers);
  const collectKernel = kernelMetrics(registers);
  const inspector = new Inspector(ports);
  return async () => {
    const [map, counts] = await Promise.all([ports.snapshot(), inspector.counts()]);
    collectTransports(map);
    collectCounts(counts);
    await collectKernel(map);
  };
}

/** A worker that hangs must not hold up a scrape; the last counts are reported instead. */
const answerWithinMs = 1_000;

class Inspector {
  readonly #ports: MediaPorts;
  #pending: Promise<void> | undefined;
  #last: PortCounts[] = [];

  constructor(ports: MediaPorts) {
    this.#ports = ports;
  }

  async counts(): Promise<PortCounts[]> {
    this.#pending ??= this.#ports
      .inspect()
      .then((inspection) => {
        this.#last = inspection.ports;
      })
      .finally(() => {
        this.#pending = undefined;
      });
    await Promise.race([this.#pending, sleep(answerWithinMs, undefined, { ref: false })]);
    return this.#last;
  }
}

function transportMetrics(registers: Registry[]): (map: PortMap) => void {
  const transports = new Gauge({
    name: 'oneport_transports',
    help: 'WebRtcTransports by the protocol of their tuple; none: not connected.',
    labelNames: ['port_mode', 'protocol', 'ice_state'],
    registers,
  });
  return ({ mode, ports }) => {
    transports.reset();
    for (const protocol of ['udp', 'tcp', 'none']) {
      transports.set({ port_mode: mode, protocol, ice_state: 'new' }, 0);
    }
    // A transport is listed at every port that it uses, and has a remote address at one of them at most.
    const found = new Map<string, { protocol: string; iceState: string }>();
    for (const port of ports) {
      for (const { transportId, iceState, remote } of port.transports) {
        if (remote || !found.has(transportId)) {
          found.set(transportId, { protocol: remote ? port.protocol : 'none', iceState });
        }
      }
    }
    for (const { protocol, iceState } of found.values()) {
      transports.inc({ port_mode: mode, protocol, ice_state: iceState });
    }
  };
}

function countMetrics(registers: Registry[]): (counts: PortCounts[]) => void {
  const common = ['by', 'worker', 'protocol'] as const;
  const handled = new Counter({
    name: 'oneport_port_handled_total',
    help: 'Packets and connections that the media ports handled, by what was done.',
    labelNames: [...common, 'what'],
    registers,
  });
  const bytes = new Counter({
    name: 'oneport_port_bytes_total',
    help: 'Bytes received at the media ports.',
    labelNames: common,
    registers,
  });
  const drops = new Counter({
    name: 'oneport_port_drops_total',
    help: 'Packets and connections dropped at the media ports, by reason.',
    labelNames: [...common, 'reason'],
    registers,
  });
  return (counts) => {
    for (const metric of [handled, bytes, drops]) {
      metric.reset();
    }
    for (const count of counts) {
      const { by, protocol, workerIndex } = count;
      const labels = { by, protocol, worker: workerIndex === undefined ? '' : String(workerIndex) };
      for (const [name, value] of Object.entries(count.handled)) {
        if (name === 'bytes') {
          bytes.inc(labels, value);
        } else {
          handled.inc({ ...labels, what: snakeCase(name) }, value);
        }
      }
      for (const [name, value] of Object.entries(count.dropped)) {
        drops.inc({ ...labels, reason: snakeCase(name) }, value);
      }
    }
  };
}

function kernelMetrics(registers: Registry[]): (map: PortMap) => Promise<void> {
  const lost = new ReceiveDrops();
  const drops = new Counter({
    name: 'oneport_udp_receive_drops_total',
    help: "Datagrams that the kernel dropped because a media port's receive buffer was full.",
    registers,
  });
  const queued = new Gauge({
    name: 'oneport_udp_receive_queue_bytes',
    help: 'Bytes in the receive buffers of the media ports.',
    registers,
  });
  return async ({ ports }) => {
    const ours = new Set(
      ports
        .filter(({ protocol }) => protocol === 'udp')
        .map(({ ip, port }) => `${canonicalIp(ip)} ${port}`),
    );
    const sockets = (await readUdpSockets()).filter(({ ip, port }) => ours.has(`${ip} ${port}`));
    lost.update(sockets);
    drops.reset();
    drops.inc(lost.total);
    queued.set(sockets.reduce((sum, { queuedBytes }) => sum + queuedBytes, 0));
  };
}

/** `stunUnknownUfrag` -> `stun_unknown_ufrag` */
function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
