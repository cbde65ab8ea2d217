import { constants } from './constants.ts';
import type { Socket } from './socket.ts';

/** The options that each experiment is repeated with, as they are called in the tables. */
export const settings = [
  'none',
  'SO_REUSEADDR',
  'SO_REUSEPORT',
  'both',
  ...(constants.SO_REUSEPORT_LB ? (['SO_REUSEPORT_LB'] as const) : []),
] as const;

export type Setting = (typeof settings)[number];

/** Sets the options on a socket, which must be done before it is bound. */
export function applySetting(socket: Socket, setting: Setting): void {
  for (const option of optionsOf(setting)) {
    socket.set(constants.SOL_SOCKET, option, 1);
  }
}

function optionsOf(setting: Setting): number[] {
  switch (setting) {
    case 'none':
      return [];
    case 'SO_REUSEADDR':
      return [constants.SO_REUSEADDR];
    case 'SO_REUSEPORT':
      return [constants.SO_REUSEPORT];
    case 'both':
      return [constants.SO_REUSEADDR, constants.SO_REUSEPORT];
    case 'SO_REUSEPORT_LB':
      return constants.SO_REUSEPORT_LB ? [constants.SO_REUSEPORT_LB] : [];
  }
}
