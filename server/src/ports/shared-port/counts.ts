import type { PortCounts } from '../types.ts';
import type { SteeringCounters } from './steering/counters.ts';
import type { TcpFrontCounters } from './tcp/counters.ts';

/** What the kernel's program did with the datagrams of a listening address. */
export function steeringCounts(port: number, counters: SteeringCounters): PortCounts {
  const { stunSteered, dataSteered, tupleClaimed, tupleReclaimed, ...rest } = counters;
  // A datagram whose claim was refused is counted as steered, too.
  const { claimRefused, claimOverLimit, ...dropped } = rest;
  return {
    protocol: 'udp',
    port,
    by: 'kernel',
    handled: {
      stunSteered,
      dataSteered,
      tupleClaimed,
      tupleReclaimed,
      claimRefused,
      claimOverLimit,
    },
    dropped,
  };
}

/** What the TCP front did with connections. */
export function frontCounts(port: number, counters: TcpFrontCounters): PortCounts {
  const { accepted, unused, ice, http, tls, idle, ...dropped } = counters;
  return {
    protocol: 'tcp',
    port,
    by: 'tcp-front',
    handled: { accepted, unused, ice, http, tls, idle },
    dropped,
  };
}
