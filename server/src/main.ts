/** What `npm start` runs: reads the environment, starts the server, stops it on a signal. */
import { inspect } from 'node:util';
import { loadConfig } from './config/config.ts';
import { describeSettings } from './config/help.ts';
import { deleteSecrets } from './config/parse-settings.ts';
import { StartError } from './config/start-error.ts';
import type { Config } from './config/types.ts';
import { findUser } from './run-as-user.ts';
import type { RunningServer } from './server.ts';
import type { Logger } from './telemetry/log.ts';

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
      // Set-up asks this before its long work: a wrong setting shall not cost minutes.
      check(loadConfig(process.env));
      break;
    case undefined:
      await main();
      break;
    default:
      throw new StartError(`  unknown argument: ${argument}. --help shows the settings.`);
  }
} catch (error) {
  const explained = error instanceof StartError;
  console.error(`oneport can't start:\n${explained ? error.message : inspect(error)}`);
  // Not process.exitCode: a listener that was left open would keep a server up that serves nothing.
  process.exit(1);
}

function check({ runAsUser }: Config): void {
  if (runAsUser) {
    findUser(runAsUser);
  }
}

async function main(): Promise<void> {
  const config = loadConfig(process.env);
  deleteSecrets(process.env);
  // Only now: --help and --check, which each start asks, shall not wait for mediasoup and express.
  const [{ createLog }, { startServer }] = await Promise.all([
    import('./telemetry/log.ts'),
    import('./server.ts'),
  ]);
  const log = createLog(config.logLevel);
  for (const warning of config.warnings) {
    log.warn(warning);
  }
  const starting = startServer(config, log);
  stopOnSignal(starting, log, config.drainSeconds);
  const server = await starting;
  const [first, ...others] = server.urls;
  console.log(
    `oneport (${server.ports.mode}): open ${first}${others.map((url) => ` or ${url}`).join('')}`,
  );
  // What stands after # no browser sends: it gets into no access log, and into no Referer.
  const token = config.dashboard.token
    ? ' (token: DASHBOARD_TOKEN)'
    : `#token=${server.dashboardToken}`;
  console.log(`the live port map: ${first}dashboard${token}`);
}

/**
 * The first signal warns those who are in a room and waits for them, a second one stops at once but in order, and
 * one that comes while it stops ends the process.
 */
function stopOnSignal(starting: Promise<RunningServer>, log: Logger, drainSeconds: number): void {
  let state: 'running' | 'waiting' | 'stopping' = 'running';
  const enough = new AbortController();
  const stop = async () => {
    const server = await starting;
    state = 'waiting';
    await server.drain({ seconds: drainSeconds, signal: enough.signal, say: console.log });
    state = 'stopping';
    await server.stop();
    log.info('stopped');
  };
  const onSignal = (signal: unknown) => {
    log.info({ signal, state }, 'asked to stop');
    switch (state) {
      case 'running':
        state = 'stopping';
        stop().then(
          () => process.exit(0),
          (error: unknown) => {
            console.error(`oneport could not stop in order: ${String(error)}`);
            process.exit(1);
          },
        );
        break;
      case 'waiting':
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
  // The launcher holds the other end of this channel. It says so when it may not signal us (RUN_AS_USER), and when it
  // is gone, so must we be.
  process.on('message', (message) => {
    if (signals.includes(message)) {
      onSignal(message);
    }
  });
  process.once('disconnect', () => onSignal('disconnect'));
}
