/** `npm run token`: a token by hand, for trying it, or for a friend. */
import { StartError } from '../../server/src/config/start-error.ts';
import { tokenFor, usage } from './token.ts';

const args = process.argv.slice(2);
if (args.length === 0 || args.includes('--help') || args.includes('-h')) {
  process.stdout.write(usage);
  process.exitCode = args.length === 0 ? 2 : 0;
} else {
  try {
    // Alone on standard output, for `$(npm run -s token -- ...)`.
    process.stdout.write(`${await tokenFor(args, process.env)}\n`);
  } catch (error) {
    if (!(error instanceof StartError)) {
      throw error;
    }
    process.stderr.write(`token: ${error.message}\n`);
    process.exitCode = 2;
  }
}
