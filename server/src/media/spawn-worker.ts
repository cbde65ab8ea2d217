import childProcess from 'node:child_process';
import * as mediasoup from 'mediasoup';
import { StartError } from '../config/start-error.ts';

type Signal = 'SIGINT' | 'SIGTERM';
const signals: readonly Signal[] = ['SIGINT', 'SIGTERM'];

/**
 * The environment variables that a worker is given, if they are set: those that the dynamic linker, the C library,
 * OpenSSL, sanitizers and valgrind read, systemd's id of the run, and the one setting that our patches read. Workers
 * parse what arrives from the network, so they get nothing else, neither other settings nor secrets.
 */
const inherited =
  /^(MEDIASOUP_(VERSION|BATCH)|PATH|TZ|LD_\w+|MALLOC_\w+|GLIBC_TUNABLES|OPENSSL_\w+|(A|L|UB)SAN_OPTIONS|INVOCATION_ID)$/;

/**
 * Starts a mediasoup worker that SIGINT and SIGTERM don't end, so that the server can drain on them. Without this,
 * workers would end in two ways:
 *
 * - mediasoup adds listeners for these signals to the process that close the worker. They are private, and are
 *   recognized as those that createWorker() has added.
 * - The worker's program ends on these signals, and Ctrl-C, timeout(1) or `kill -- -GROUP` send them to the whole
 *   process group. mediasoup has no option for it, so the worker is spawned in a session, and hence a group, of its
 *   own (setsid(2)). It still ends with the server, when its channel's pipe closes.
 *
 * Both happen in the synchronous part of createWorker(), when nothing else can spawn or add listeners.
 *
 * @param workerBin - undefined: the program of mediasoup's own installation
 * @throws StartError when the program is missing, can't be executed, or is not a worker, or when this process may not
 *   start another one
 */
export async function spawnWorker(workerBin: string | undefined): Promise<mediasoup.types.Worker> {
  const before = new Map(signals.map((signal) => [signal, process.listeners(signal)]));
  const starting = inOwnSession(() =>
    mediasoup.createWorker({
      // mediasoup warns about each stray packet, so anyone who can send packets could fill the log.
      logLevel: 'error',
      ...(workerBin ? { workerBin } : {}),
    }),
  );
  for (const signal of signals) {
    for (const listener of process.listeners(signal)) {
      if (!before.get(signal)?.includes(listener)) {
        process.removeListener(signal, listener);
      }
    }
  }
  return await starting.catch((error: Error) => {
    throw new StartError(
      `  The mediasoup worker${workerBin ? ` ${workerBin}` : ''} can't be run: ${error.message}. ${howToFix(error, workerBin)}`,
    );
  });
}

function howToFix({ message }: Error, workerBin: string | undefined): string {
  if (message.includes('EMFILE')) {
    return 'Raise the limit of open files: LimitNOFILE in a systemd unit, `ulimit -n` in a shell.';
  }
  if (message.includes('EAGAIN')) {
    return 'Raise the limit of processes and threads: TasksMax in a systemd unit, `ulimit -u` in a shell, or pids of a container.';
  }
  return workerBin
    ? 'It must be a mediasoup-worker that this user may execute, on a file system without the mount option noexec. ' +
        'Without MEDIASOUP_WORKER_BIN, npm start downloads or builds one.'
    : 'Run `npm run worker`, which downloads or builds it, as npm start does.';
}

/** Spawns what `start` spawns synchronously with `detached` (Node.js: child_process.spawn()) and a reduced environment. */
function inOwnSession<T>(start: () => T): T {
  const { spawn } = childProcess;
  const detached = (program: string, args: string[], options: childProcess.SpawnOptions) => {
    const child = spawn(program, args, {
      ...options,
      detached: true,
      env: reduced(options.env),
    });
    // mediasoup listens for errors, too, but only after it has used `stdio`, which Node leaves undefined when no
    // descriptor is left. The error would then end the server.
    child.on('error', () => undefined);
    if (!child.stdio) {
      throw new Error('EMFILE, no file descriptor is left');
    }
    return child;
  };
  childProcess.spawn = detached as typeof spawn;
  try {
    return start();
  } finally {
    childProcess.spawn = spawn;
  }
}

function reduced(env: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => inherited.test(name)));
}
