import { loopback } from '../address.ts';
import { type Experiment, measureRows } from '../experiment.ts';
import { settings } from '../settings.ts';
import type { Kind, Socket } from '../socket.ts';
import { countConnections, countDatagrams, shareOf } from '../traffic.ts';
import { attemptCalls, freePort, withSockets } from '../with-sockets.ts';

/** Any number but root's would do: it needs no entry in /etc/passwd. */
const otherUid = 65534;

const names = ['root', 'the other'];

export const otherUidExperiment: Experiment = {
  id: 'other-uid',
  title: 'Root has the port, and another user binds it too: who gets the traffic?',
  rowsAre: 'option of both',
  columns: ['UDP', 'TCP'],
  note: 'An error is good news here: nobody else can take the port.',
  cannotRun: () =>
    process.geteuid?.() === 0 ? undefined : 'it takes root to be two users: sudo npm run port-lab',
  run: () =>
    measureRows(settings, ['UDP', 'TCP'] satisfies Kind[], async (setting, kind) => {
      const [family, address] = ['IPv4', loopback.IPv4] as const;
      const port = await freePort(family);

      return withSockets(async (open) => {
        const bind = (): Socket => {
          const socket = open(kind, family, setting);

          socket.bind(address, port);
          if (kind === 'TCP') {
            socket.listen();
          }

          return socket;
        };
        const sockets = [bind()];
        const refused = attemptCalls(() => sockets.push(asOther(bind)));
        const count = kind === 'TCP' ? countConnections : countDatagrams;

        return refused ?? shareOf(await count(sockets, { family, address, port }), names);
      });
    }),
};

/** The kernel asks who made a socket, so it is made in this process, with the other's effective id. */
function asOther<T>(work: () => T): T {
  process.seteuid?.(otherUid);
  try {
    return work();
  } finally {
    process.seteuid?.(0);
  }
}
