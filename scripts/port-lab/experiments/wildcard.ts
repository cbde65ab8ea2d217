import { type Family, loopback, wildcard } from '../address.ts';
import { constants } from '../constants.ts';
import { type Experiment, measureRows, notHere } from '../experiment.ts';
import { type Setting, settings } from '../settings.ts';
import { countDatagrams, shareOf } from '../traffic.ts';
import { attemptCalls, cannotUse, freePort, withSockets } from '../with-sockets.ts';

interface Bound {
  readonly name: string;
  readonly family: Family;
  readonly address: string;
  /** An IPv6 socket that takes IPv4 as well. */
  readonly dual?: boolean;
}

interface Pair {
  /** In this order. */
  readonly bound: readonly [Bound, Bound];
  readonly to: { readonly family: Family; readonly address: string };
}

const pairs: Record<string, Pair> = {
  IPv4: {
    bound: [
      { name: 'wildcard', family: 'IPv4', address: wildcard.IPv4 },
      { name: 'specific', family: 'IPv4', address: loopback.IPv4 },
    ],
    to: { family: 'IPv4', address: loopback.IPv4 },
  },
  IPv6: {
    bound: [
      { name: 'wildcard', family: 'IPv6', address: wildcard.IPv6 },
      { name: 'specific', family: 'IPv6', address: loopback.IPv6 },
    ],
    to: { family: 'IPv6', address: loopback.IPv6 },
  },
  'dual stack': {
    bound: [
      { name: 'IPv6 socket', family: 'IPv6', address: wildcard.IPv6, dual: true },
      { name: 'IPv4 socket', family: 'IPv4', address: wildcard.IPv4 },
    ],
    to: { family: 'IPv4', address: loopback.IPv4 },
  },
  'two specific': {
    bound: [
      { name: 'other', family: 'IPv4', address: loopback.IPv4 },
      { name: 'addressed', family: 'IPv4', address: '127.0.0.2' },
    ],
    to: { family: 'IPv4', address: '127.0.0.2' },
  },
};

export const wildcardExperiment: Experiment = {
  id: 'wildcard',
  title: 'Two UDP sockets on one port of two addresses: who gets the datagrams?',
  rowsAre: 'option of both',
  columns: Object.keys(pairs),
  note:
    'IPv4: 0.0.0.0, then 127.0.0.1, which is addressed. IPv6: ::, then ::1, which is addressed. Dual stack: :: ' +
    'for both families, then 0.0.0.0, and IPv4 datagrams. Two specific: 127.0.0.1, then 127.0.0.2, which is addressed.',
  run: () =>
    measureRows(settings, Object.keys(pairs), (setting, name) => measure(pairs[name], setting)),
};

async function measure(pair: Pair | undefined, setting: Setting): Promise<string> {
  if (!pair || (pair.bound.some(({ family }) => family === 'IPv6') && (await cannotUse('IPv6')))) {
    return notHere;
  }

  const port = await freePort(pair.to.family);

  return withSockets(async (open) => {
    const sockets = pair.bound.map(({ family, dual }) => {
      const socket = open('UDP', family, setting);

      if (dual) {
        socket.set(constants.IPPROTO_IPV6, constants.IPV6_V6ONLY, 0);
      }

      return socket;
    });
    const refused = attemptCalls(() => {
      for (const [i, { address }] of pair.bound.entries()) {
        sockets[i]?.bind(address, port);
      }
    });

    if (refused) {
      // macOS has no 127.0.0.2 until somebody adds it.
      return refused === 'EADDRNOTAVAIL' ? notHere : refused;
    }

    return shareOf(
      await countDatagrams(sockets, { ...pair.to, port }),
      pair.bound.map(({ name }) => name),
    );
  });
}
