import type { TransportRow } from '@oneport/protocol';

/** For tests: a transport's row; what they are about is given. */
export function transportRow(change: Partial<TransportRow>): TransportRow {
  return {
    key: 'transport',
    roomId: 'room',
    peerId: 'peer',
    displayName: null,
    direction: 'send',
    worker: 0,
    ufrag: 'ufrag',
    previousUfrag: null,
    ports: ['udp 44444', 'tcp 44444'],
    phase: 'waiting',
    openedAt: 0,
    stunAt: null,
    dtlsAt: null,
    tuple: null,
    otherRemotes: [],
    rates: null,
    ...change,
  };
}
