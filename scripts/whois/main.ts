import { portMapLimits } from '@oneport/protocol';
import { runCli, UsageError } from '../cli.ts';
import { askWhoIs } from './ask.ts';
import { describeAnswer } from './print.ts';

const usage = `Usage: npm run whois -- WHAT

Prints which peer an address, a port or a ufrag belongs to.

  WHAT   203.0.113.7:51234, an address, a port, a ufrag, a peer, a room, or a line of a firewall's log

Asks the server that runs on this machine, with the settings of the environment (HTTP_PORT, PORT_MAP_TOKEN ...).
The exit code is 0 when a peer was found, 1 when none was, and 2 when the server did not answer. docs/port-map.md
`;

await runCli({
  name: 'whois',
  usage,
  startErrorCode: 2,
  options: {},
  // An unquoted line of a log is many words.
  positionals: Number.POSITIVE_INFINITY,
  async run(_, words) {
    const what = words.join(' ').trim();
    if (what === '') {
      throw new UsageError('nothing to look for');
    }
    if (what.length > portMapLimits.searchCharacters) {
      throw new UsageError(`at most ${portMapLimits.searchCharacters} characters`);
    }
    const answer = await askWhoIs(what, process.env);
    process.stdout.write(describeAnswer(answer, Date.now()));
    return answer.transports.length > 0 ? 0 : 1;
  },
});
