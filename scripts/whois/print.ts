import type { TransportRow } from '@oneport/protocol';
import { addressAndPort } from '../../server/src/port-map/port-key.ts';
import type { Answer } from './ask.ts';

const phaseWords = {
  waiting: 'waits for a STUN request with its ufrag',
  stun: 'known by its ufrag: DTLS has not passed yet',
  tuple: 'known by its tuple',
  lost: 'lost: its address has been forgotten',
};

/**
 * For people.
 *
 * @param answer - the server's
 * @param now - milliseconds since 1970
 */
export function describeAnswer({ facts, transports }: Answer, now: number): string {
  if (transports.length === 0) {
    return `nobody's, now (${facts.mode}, ${facts.transports} transports open)\n`;
  }
  const more = facts.matches - transports.length;
  return [
    ...transports.map((row) => describe(row, now)),
    ...(more > 0 ? [`and ${more} more: be more specific\n`] : []),
    ...(facts.counted === 'needs-patched-worker'
      ? [
          "Further addresses of clients: can't be told, needs the patched worker (npm run worker).\n",
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
      ? `  ${addressAndPort(tuple.address, tuple.remotePort)} -> ${tuple.port}, for ${seconds(tuple.since)}`
      : `  nobody -> ${row.ports.join(', ')}, for ${seconds(row.openedAt)}`,
    ...row.otherRemotes.map((remote) => `  also from ${remote}`),
    `  ${phaseWords[row.phase]}`,
    `  worker ${row.worker}, transport ${row.key}`,
    `  ufrag ${row.ufrag}${row.previousUfrag ? `, before ${row.previousUfrag}` : ''}`,
    ...(rates
      ? [
          `  ${rates.bytesIn} bytes/s in, ${rates.bytesOut} out; ` +
            `${rates.packetsIn} RTP packets/s in, ${rates.packetsOut} out`,
        ]
      : []),
  ];
  return `${lines.join('\n')}\n`;
}
