import { ipv4Bytes, loopback, wildcard } from '../address.ts';
import { constants } from '../constants.ts';
import { type Experiment, measureRows } from '../experiment.ts';
import { type Setting, settings } from '../settings.ts';
import type { Socket } from '../socket.ts';
import { countDatagrams, ofTwo, shareOf } from '../traffic.ts';
import { attemptCalls, freePort, withSockets } from '../with-sockets.ts';

/** In the block that nobody routes (RFC 2365, 6.1: the local scope), and sent with a TTL of 0 on loopback. */
const group = '239.255.17.44';

const boundTo = { '0.0.0.0': wildcard.IPv4, 'the group': group } as const;

export const multicastExperiment: Experiment = {
  id: 'multicast',
  title: 'Two UDP sockets that joined one multicast group: who gets the datagrams?',
  rowsAre: 'option of both',
  columns: Object.keys(boundTo),
  note:
    'each: both get all of them. The columns say what the sockets are bound to. IPv4 alone, since loopback has no ' +
    'route for IPv6 groups in Linux.',
  run: () =>
    measureRows(settings, Object.keys(boundTo) as (keyof typeof boundTo)[], (setting, column) =>
      measure(boundTo[column], setting),
    ),
};

async function measure(address: string, setting: Setting): Promise<string> {
  const port = await freePort('IPv4');

  return withSockets(async (open) => {
    const sockets: Socket[] = [];
    const refused = attemptCalls(() => {
      for (let i = 0; i < 2; i++) {
        const socket = open('UDP', 'IPv4', setting);

        socket.bind(address, port);
        socket.set(
          constants.IPPROTO_IP,
          constants.IP_ADD_MEMBERSHIP,
          Buffer.concat([ipv4Bytes(group), ipv4Bytes(loopback.IPv4)]),
        );
        sockets.push(socket);
      }
    });

    if (refused) {
      return refused;
    }

    const counts = await countDatagrams(
      sockets,
      { family: 'IPv4', address: group, port },
      { copies: sockets.length, prepare: stayHere },
    );

    return shareOf(counts, ofTwo);
  });
}

function stayHere(sender: Socket): void {
  sender.set(constants.IPPROTO_IP, constants.IP_MULTICAST_IF, ipv4Bytes(loopback.IPv4));
  sender.set(constants.IPPROTO_IP, constants.IP_MULTICAST_TTL, 0);
  sender.set(constants.IPPROTO_IP, constants.IP_MULTICAST_LOOP, 1);
}
