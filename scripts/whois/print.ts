import type { TransportRow } from '@oneport/protocol';
import { hostAndPort } from '../../server/src/net/ip.ts';
import type { Answer } from './ask.ts';

const phases = {
  waiting: 'waiting for a STUN request with its ufrag',
  stun: 'known by its ufrag, DTLS not yet connected',
  tuple: 'known by its tuple',
  lost: 'lost: its tuple was dropped',
};

/**
 * Formats an answer for the terminal.
 *
 * @param now - milliseconds since 1970
 */
export function describeAnswer({ facts, transports }: Answer, now: number): string {
  if (transports.length === 0) {
    return `no match (${facts.mode}, ${facts.transports} transports open)\n`;
  }
  const more = facts.matches - transports.length;
  return [
    ...transports.map((row) => describe(row, now)),
    ...(more > 0 ? [`${more} more match: narrow the search\n`] : []),
    ...(facts.counted === 'needs-patched-worker'
      ? [
          'Further addresses of clients are unknown: that needs the patched worker (npm run worker).\n',
        ]
      : []),
  ].join('\n');
}

function describe(row: TransportRow, now: number): string {
  const { tuple, rates } = row;
  const seconds = (time: number) => `${Math.max(0, Math.round((now - time) / 1000))} s`;
  const lines = [
    `peer ${row.peerId}${row.displayName === null ? '' : ` (${JSON.stringify(row.displayName)})`} in room ${row.roomId}, ${row.direction === 'send' ? 'sends' : 'receives'}`,
    tuple
      ? `  ${hostAndPort(tuple.address, tuple.remotePort)} -> ${tuple.port}, for ${seconds(tuple.since)}`
      : `  no remote address -> ${row.ports.join(', ')}, for ${seconds(row.openedAt)}`,
    ...row.otherRemotes.map((remote) => `  also from ${remote}`),
    `  ${phases[row.phase]}`,
    `  worker ${row.worker}, transport ${row.key}`,
    `  ufrag ${row.ufrag}${row.previousUfrag ? `, previously ${row.previousUfrag}` : ''}`,
    ...(rates
      ? [
          `  ${rates.bytesIn} bytes/s in, ${rates.bytesOut} out; ` +
            `${rates.packetsIn} RTP packets/s in, ${rates.packetsOut} out`,
        ]
      : []),
  ];
  return `${lines.join('\n')}\n`;
}
