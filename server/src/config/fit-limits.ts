import type { PortMode } from '@oneport/protocol';
import type { Limits } from './limits.ts';

/** Descriptors of a connection: a response of HTTP may hold a file open, and so may a second request. */
const perHttpConnection = 3;
const perTcpConnection = 2;

/** Kept free for the log, metrics, files and lookups. */
const reserved = 128;
/** Kept free for each worker: its pipes, those of its successor, and the sockets of shared-port. */
const reservedPerWorker = 16;

/** No address gets more than this part of all connections, once they are few. */
const largestShare = 1 / 4;

/** Fewer connections than these may be missed by a server in use. */
const few = 1_000;

export interface FitOptions {
  /** How many files and sockets the process may have open; undefined: any number. */
  openFiles: number | undefined;
  numWorkers: number;
  portMode: PortMode;
}

/**
 * Lowers the limits of connections so that they never use up the process's file descriptors, without which it could
 * respawn no worker and serve no page. HTTP and media are sure of half the descriptors each, and may have those that the
 * other does not need.
 *
 * @returns the same limits if they fit
 */
export function fitLimits(limits: Limits, { openFiles, numWorkers, portMode }: FitOptions): Limits {
  const { http_connections, tcp_connections, tcp_pending } = limits;
  const http = perHttpConnection * http_connections;
  // In the other modes, the workers accept media's connections.
  const media = portMode === 'shared-port' ? perTcpConnection * tcp_connections + tcp_pending : 0;
  const left = (openFiles ?? Number.POSITIVE_INFINITY) - reserved - reservedPerWorker * numWorkers;
  if (http + media <= left) {
    return limits;
  }
  const partFor = (need: number, other: number) =>
    Math.min(1, Math.max(left / 2, left - other, 0) / need);
  const fit = (limit: number, part: number) => Math.max(1, Math.floor(limit * part));
  const share = (limit: number, total: number) => Math.min(limit, fit(total, largestShare));
  const httpTotal = fit(http_connections, partFor(http, media));
  const fitted = {
    ...limits,
    http_connections: httpTotal,
    http_connections_per_address: share(limits.http_connections_per_address, httpTotal),
  };
  const mediaPart = partFor(media, http);
  if (media === 0 || mediaPart === 1) {
    return fitted;
  }
  const [tcpTotal, pendingTotal] = [fit(tcp_connections, mediaPart), fit(tcp_pending, mediaPart)];
  return {
    ...fitted,
    tcp_connections: tcpTotal,
    tcp_connections_per_address: share(limits.tcp_connections_per_address, tcpTotal),
    tcp_pending: pendingTotal,
    tcp_pending_per_address: share(limits.tcp_pending_per_address, pendingTotal),
  };
}

/** Whether so few connections are left of a lowered limit that an operator should know. */
export function leavesFew(limits: Limits, fitted: Limits): boolean {
  return (['http_connections', 'tcp_connections'] as const).some(
    (name) => fitted[name] < Math.min(limits[name], few),
  );
}
