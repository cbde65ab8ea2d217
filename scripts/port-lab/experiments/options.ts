import { constants } from '../constants.ts';
import { type Experiment, measureRows } from '../experiment.ts';
import type { Kind } from '../socket.ts';
import { attemptCalls, withSockets } from '../with-sockets.ts';

const options = {
  SO_REUSEADDR: constants.SO_REUSEADDR,
  SO_REUSEPORT: constants.SO_REUSEPORT,
  ...(constants.SO_REUSEPORT_LB ? { SO_REUSEPORT_LB: constants.SO_REUSEPORT_LB } : {}),
};
const columns: readonly Kind[] = ['UDP', 'TCP'];

export const optionsExperiment: Experiment = {
  id: 'options',
  title: 'Which options does this kernel know?',
  rowsAre: 'setsockopt()',
  columns,
  run: () =>
    measureRows(Object.keys(options) as (keyof typeof options)[], columns, (option, kind) =>
      withSockets((open) => {
        const socket = open(kind, 'IPv4');

        return (
          attemptCalls(() => socket.set(constants.SOL_SOCKET, options[option] ?? 0, 1)) ?? 'OK'
        );
      }),
    ),
};
