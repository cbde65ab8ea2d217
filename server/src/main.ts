/** The program behind `npm start`: reads the environment, starts the server, and stops it on a signal. */
import { inspect } from 'node:util';
import { loadConfig } from './config/config.ts';
import { describeSettings } from './config/help.ts';
import { deleteSecrets } from './config/parse-settings.ts';
import { StartError } from './config/start-error.ts';
import { findUser } from './run-as-user.ts';
import type { RunningServer } from './server.ts';
import type { Logger } from './telemetry/log.ts';
import type { LineWriter } from './telemetry/standard-output.ts';

/** How long the end waits for the last lines of the log, in milliseconds. */
const flushMs = 500;

// Libraries write warnings there. If it is full or closed, they are lost.
process.stderr.on('error', () => undefined);

const [argument, ...others] = process.argv.slice(2);

try {
  if (others.length > 0) {
    throw new StartError(`  unknown argument: ${others[0]}`);
  }
  switch (argument) {
    case '--help':
    case '-h':
      console.log(describeSettings());
      break;
    case '--check':
      // The launcher runs this before its long set-up, so that a wrong setting is reported at once.
      checkSettings();
      break;
    case undefined:
      await main();
      break;
    default:
      throw new StartError(`  unknown argument: ${argument}. --help shows the settings.`);
  }
} catch (error) {
  const message = error instanceof StartError ? error.message : inspect(error);
  console.error(`oneport can't start:\n${message}`);
  // Not process.exitCode, because a listener that is still open would keep the process alive.
  process.exit(1);
}

function checkSettings(): void {
  const { runAsUser } = loadConfig(process.env);
  if (runAsUser) {
    findUser(runAsUser);
  }
}

async function main(): Promise<void> {
  const config = loadConfig(process.env);
  deleteSecrets(process.env);
  // Imported here, so that --help and --check don't load mediasoup and express.
  const [{ createLog }, { standardOutput }, { startServer }, { restrictProcess }] =
    await Promise.all([
      import('./telemetry/log.ts'),
      import('./telemetry/standard-output.ts'),
      import('./server.ts'),
      import('./process-restrictions.ts'),
    ]);
  const log = createLog(config.logLevel);
  const output = standardOutput();
  for (const warning of config.warnings) {
    log.warn(warning);
  }
  restrictProcess(log);
  const starting = startServer(config, log);
  stopOnSignal({ starting, drainSeconds: config.drainSeconds, log, output });
  const server = await starting;
  if (config.runAsUser) {
    restrictProcess(log);
  }
  output.write(`oneport (${server.ports.mode}): open ${server.urls.join(' or ')}\n`);
  // Browsers never send the URL fragment, so the token stays out of access logs and Referer headers.
  const token = config.portMap.token ? ' (token: PORT_MAP_TOKEN)' : `#token=${server.portMapToken}`;
  output.write(`the live port map: ${server.urls[0]}port-map${token}\n`);
}

interface Stopping {
  starting: Promise<RunningServer>;
  drainSeconds: number;
  log: Logger;
  output: LineWriter;
}

/**
 * The first signal drains the server, the second one ends the draining and stops the server in order, and one during
 * the stop ends the process.
 */
function stopOnSignal({ starting, drainSeconds, log, output }: Stopping): void {
  let state: 'running' | 'draining' | 'stopping' = 'running';
  const enough = new AbortController();
  const stop = async () => {
    const server = await starting;
    state = 'draining';
    const say = (text: string) => output.write(`${text}\n`);
    await server.drain({ seconds: drainSeconds, signal: enough.signal, say });
    state = 'stopping';
    await server.stop();
    log.info('stopped');
    await output.flush(flushMs);
  };
  const onSignal = (signal: unknown) => {
    log.info({ signal, state }, 'signal received');
    switch (state) {
      case 'running':
        // A signal during the start waits for its end.
        state = 'stopping';
        stop().then(
          () => process.exit(0),
          (error: unknown) => {
            console.error(`oneport failed to stop: ${inspect(error)}`);
            process.exit(1);
          },
        );
        break;
      case 'draining':
        enough.abort();
        break;
      case 'stopping':
        process.exit(1);
    }
  };
  const signals: unknown[] = ['SIGINT', 'SIGTERM', 'SIGHUP'] satisfies NodeJS.Signals[];
  for (const signal of signals) {
    process.on(signal as NodeJS.Signals, onSignal);
  }
  // With RUN_AS_USER, the launcher may not signal this process and sends the signal's name on this channel. If the
  // launcher is gone, the server stops too.
  process.on('message', (message) => {
    if (signals.includes(message)) {
      onSignal(message);
    }
  });
  process.once('disconnect', () => onSignal('disconnect'));
}
