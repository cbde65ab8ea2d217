/** Metrics of rooms, peers, signalling and limits. */
import { closeCodes, requests } from '@oneport/protocol';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { type Limits, limitNames } from '../config/limits.ts';
import type { Rooms } from '../rooms/rooms.ts';
import { standardOutput } from '../telemetry/standard-output.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';

export interface ServerSources {
  rooms: Rooms;
  limits: Limits;
  telemetry: Telemetry;
  /** undefined for plain HTTP. */
  certificateDaysLeft(): number | undefined;
}

/** @returns updates the metrics before a scrape */
export function serverMetrics(
  registry: Registry,
  { rooms, limits, telemetry, certificateDaysLeft }: ServerSources,
): () => void {
  const registers = [registry];
  const roomsOpen = new Gauge({ name: 'oneport_rooms', help: 'Open rooms.', registers });
  const peers = new Gauge({
    name: 'oneport_peers',
    help: 'Peers in rooms, including those that are joining or reconnecting.',
    registers,
  });
  const copies = new Gauge({
    name: 'oneport_copied_producers',
    help: 'Copies of producers on further workers of their rooms.',
    registers,
  });
  const daysLeft = new Gauge({
    name: 'oneport_certificate_days_left',
    help: 'Days until the certificate for HTTPS expires; negative once it has. NaN without HTTPS.',
    registers,
  });
  new Counter({
    name: 'oneport_log_lines_dropped_total',
    help: 'Lines of the log that standard output did not take.',
    registers,
    collect() {
      this.reset();
      this.inc(standardOutput().dropped);
    },
  });
  signallingMetrics(registers, telemetry);
  limitMetrics(registers, { limits, telemetry });
  return () => {
    roomsOpen.set(rooms.size);
    peers.set(rooms.peers);
    copies.set(rooms.copies);
    daysLeft.set(certificateDaysLeft() ?? Number.NaN);
  };
}

function signallingMetrics(registers: Registry[], telemetry: Telemetry): void {
  const join = new Histogram({
    name: 'oneport_join_seconds',
    help: 'Time from the opening of a signalling socket to the answer to join.',
    buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers,
  });
  telemetry.on('joined', (seconds) => join.observe(seconds));

  const sockets = new Gauge({
    name: 'oneport_signalling_sockets',
    help: 'Open signalling sockets.',
    registers,
  });
  const closes = new Counter({
    name: 'oneport_signalling_closes_total',
    help: 'Closed signalling sockets, by WebSocket close code.',
    labelNames: ['code'],
    registers,
  });
  // A client may send any code; labels are bounded to the known ones.
  const codes = new Set<string>([...Object.values(closeCodes).map(String), '1001', '1006']);
  for (const code of [...codes, 'other']) {
    closes.inc({ code }, 0);
  }
  telemetry.on('socketOpened', () => sockets.inc());
  telemetry.on('socketClosed', (code) => {
    sockets.dec();
    closes.inc({ code: codes.has(String(code)) ? String(code) : 'other' });
  });

  const answered = new Counter({
    name: 'oneport_signalling_requests_total',
    help: 'Answered requests of peers, by method and result.',
    labelNames: ['method', 'result'],
    registers,
  });
  for (const method of [...Object.keys(requests), 'unknown']) {
    for (const result of ['ok', 'rejected', 'failed']) {
      answered.inc({ method, result }, 0);
    }
  }
  telemetry.on('requestAnswered', (method, result) => answered.inc({ method, result }));
}

function limitMetrics(
  registers: Registry[],
  { limits, telemetry }: Pick<ServerSources, 'limits' | 'telemetry'>,
): void {
  const hits = new Counter({
    name: 'oneport_limit_hits_total',
    help: 'Rejections because a limit was reached.',
    labelNames: ['limit'],
    registers,
  });
  for (const limit of limitNames) {
    hits.inc({ limit }, 0);
  }
  telemetry.on('limitHit', (limit) => hits.inc({ limit }));

  const allowed = new Gauge({
    name: 'oneport_limit',
    help: 'The value of a limit.',
    labelNames: ['limit'],
    registers,
  });
  for (const [limit, value] of Object.entries(limits)) {
    allowed.set({ limit }, value);
  }
}
