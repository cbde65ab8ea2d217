import { loopback } from '../address.ts';
import type { Experiment } from '../experiment.ts';
import { settings } from '../settings.ts';
import { attemptCalls, freePort, withSockets } from '../with-sockets.ts';

export const listenLateExperiment: Experiment = {
  id: 'listen-late',
  title: 'Two TCP sockets, both bound before either listens',
  rowsAre: 'option of both',
  columns: ['bind second', 'listen first', 'listen second'],
  async run() {
    const rows = [];

    for (const setting of settings) {
      const port = await freePort('IPv4');

      rows.push({
        name: setting,
        cells: await withSockets((open) => {
          const first = open('TCP', 'IPv4', setting);
          const second = open('TCP', 'IPv4', setting);

          first.bind(loopback.IPv4, port);

          const bound = attemptCalls(() => second.bind(loopback.IPv4, port));

          return [
            bound ?? 'OK',
            attemptCalls(() => first.listen()) ?? 'OK',
            bound ? '-' : (attemptCalls(() => second.listen()) ?? 'OK'),
          ];
        }),
      });
    }

    return rows;
  },
};
