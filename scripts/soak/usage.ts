import { soakModes } from './soak.ts';

export const usage = `Usage: npm run soak -- [options]

Peers come to a real server and go, half of them politely and half of them cut off, and some restart ICE. What the
server and its workers have is measured before and after: rooms, routers, transports, ports, files, the sizes of tables,
objects in the heap, and memory. Ends with exit code 1 when something is left behind.

  --joins N      how many come, in each mode (10000)
  --restarts N   ICE restarts among them (1000)
  --mode M       only this: ${soakModes.join(', ')}
  --help

docs/reliability.md has what came of it.
`;
