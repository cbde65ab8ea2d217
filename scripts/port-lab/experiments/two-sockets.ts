import { type Family, loopback } from '../address.ts';
import { type Experiment, measureRows } from '../experiment.ts';
import { type Setting, settings } from '../settings.ts';
import type { Kind, Socket } from '../socket.ts';
import { countConnections, countDatagrams, ofTwo, senders, shareOf } from '../traffic.ts';
import { attemptCalls, cannotUse, freePort, withSockets } from '../with-sockets.ts';

const what: Record<Kind, string> = { UDP: 'Two UDP sockets', TCP: 'Two TCP listeners' };

const sent: Record<Kind, string> = { UDP: 'datagrams', TCP: 'connections' };

/** Each option of the socket that is bound first beside each option of the second one, and who gets what is sent. */
export function twoSocketsExperiment(kind: Kind, family: Family): Experiment {
  return {
    id: `two-${kind.toLowerCase()}-${family.toLowerCase()}`,
    title: `${what[kind]} on one ${family} address and port: who gets the ${sent[kind]}?`,
    rowsAre: 'first \\ second',
    columns: settings,
    note: `${senders} ${sent[kind]} from as many ports. first, last: it gets all; spread: each gets some; E...: the second is refused.`,
    cannotRun: () => cannotUse(family),
    run: () =>
      measureRows(settings, settings, (first, second) => measure(kind, family, [first, second])),
  };
}

async function measure(kind: Kind, family: Family, pair: [Setting, Setting]): Promise<string> {
  const address = loopback[family];
  const port = await freePort(family);

  return withSockets(async (open) => {
    const sockets: Socket[] = [];
    const refused = attemptCalls(() => {
      for (const setting of pair) {
        const socket = open(kind, family, setting);

        socket.bind(address, port);
        if (kind === 'TCP') {
          socket.listen();
        }
        sockets.push(socket);
      }
    });
    const count = kind === 'TCP' ? countConnections : countDatagrams;

    return refused ?? shareOf(await count(sockets, { family, address, port }), ofTwo);
  });
}
