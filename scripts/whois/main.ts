/** `npm run whois`: whose an address, a ufrag, a peer or a room is, by the running server's port map. */
import { dashboardLimits } from '@oneport/protocol';
import { StartError } from '../../server/src/config/start-error.ts';
import { askWhoIs, NoAnswerError } from './ask.ts';
import { describeAnswer } from './print.ts';

const usage = `Usage: npm run whois -- WHAT

  WHAT   203.0.113.7:51234, an address, a port, a ufrag, a peer, a room, or a line of a firewall's log

Asks the server that runs on this machine, with the settings of the environment (HTTP_PORT, DASHBOARD_TOKEN ...).
Ends with 0 when it is somebody's, 1 when it is nobody's, 2 when the server can't be asked. docs/port-map.md
`;

const args = process.argv.slice(2);
// A line of a log, unquoted, comes as many.
const what = args.join(' ').trim();
if (args.includes('--help') || args.includes('-h')) {
  process.stdout.write(usage);
} else if (what === '') {
  process.stderr.write(usage);
  process.exitCode = 2;
} else if (what.length > dashboardLimits.searchCharacters) {
  process.stderr.write(`whois: at most ${dashboardLimits.searchCharacters} characters\n`);
  process.exitCode = 2;
} else {
  try {
    const answer = await askWhoIs(what, process.env);
    process.stdout.write(describeAnswer(answer, Date.now()));
    process.exitCode = answer.transports.length > 0 ? 0 : 1;
  } catch (error) {
    if (!(error instanceof NoAnswerError) && !(error instanceof StartError)) {
      throw error;
    }
    process.stderr.write(`whois: ${error.message}\n`);
    process.exitCode = 2;
  }
}
