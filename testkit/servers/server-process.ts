import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { kernelSockets } from '../system/kernel-sockets.ts';
import { processesMarked } from '../system/processes.ts';
import { freePorts } from './free-ports.ts';

const main = fileURLToPath(new URL('../../server/src/main.ts', import.meta.url));

/** Opens the port map of test servers. */
export const dashboardToken = 'token-of-the-test-servers';

/** Children inherit it: by this, all that belongs to a server is found. */
const markName = 'ONEPORT_TEST_MARK';

/** How many ports in a row a server is given. */
const portsGiven = 110;

type Command = [string, ...string[]];

export interface ServerProcess {
  url: string;
  /** MEDIASOUP_PORT, as it was chosen. */
  mediaPort: number;
  process: ChildProcess;
  /** It, what started it, and its workers, in so far as they run. */
  running(): number[];
  /** The sockets that listen at its ports, whoever has them. */
  listening(): string[];
  /** What it has printed up to now, its log and its errors included. */
  output(): string;
  stop(): Promise<void>;
}

export interface ServerProcessOptions {
  /** HTTP_PORT is MEDIASOUP_PORT, which shared-port allows. */
  httpOnMediaPort?: boolean;
  /** What runs it, in place of this Node with this one's rights. */
  command?: Command;
  /** In a process group of its own. */
  detached?: boolean;
  /** pipe: the test types. */
  stdin?: 'ignore' | 'pipe';
}

/**
 * Runs the product as `npm start` does after set-up, on ports of its own.
 *
 * @param env - settings that the test is about
 * @param options - how it is run
 */
export async function startServerProcess(
  env: Record<string, string>,
  {
    httpOnMediaPort = false,
    command = [process.execPath, main],
    detached = false,
    stdin = 'ignore',
  }: ServerProcessOptions = {},
): Promise<ServerProcess> {
  const first = await freePorts(portsGiven);
  const mark = randomUUID();
  const [httpPort, mediaPort] = [first, httpOnMediaPort ? first : first + 1];
  const [program, ...args] = command;
  const child = spawn(program, args, {
    env: {
      ...process.env,
      MEDIASOUP_LISTEN_IP: '127.0.0.1',
      MEDIASOUP_NUM_WORKERS: '1',
      MEDIASOUP_PORT: String(mediaPort),
      MEDIASOUP_MIN_PORT: String(first + 10),
      MEDIASOUP_MAX_PORT: String(first + 109),
      HTTP_PORT: String(httpPort),
      DASHBOARD_TOKEN: dashboardToken,
      // Tests stop it when they are done, whoever is still in a room.
      DRAIN_SECONDS: '0',
      LOG_LEVEL: 'warn',
      // All of a test's peers have one address.
      MAX_HANDSHAKES_PER_SECOND: '10000',
      [markName]: mark,
      ...env,
    },
    stdio: [stdin, 'pipe', 'pipe'],
    detached,
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text) => {
      output += text;
    });
  }
  await untilReady(child, () => output);
  return {
    url: `http://localhost:${httpPort}`,
    mediaPort,
    process: child,
    running: () => processesMarked(markName, mark),
    listening: () => listeningIn(first, portsGiven),
    output: () => output,
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) {
        return;
      }
      const exit = once(child, 'exit');
      child.kill('SIGTERM');
      await exit;
    },
  };
}

function listeningIn(first: number, count: number): string[] {
  return kernelSockets('listening')
    .map(({ local }) => local)
    .filter((local) => {
      const port = Number(/\d+$/.exec(local)?.[0]);
      return port >= first && port < first + count;
    });
}

/** The server says two lines when it is ready; warnings may come before. */
async function untilReady(child: ChildProcess, output: () => string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    child.stdout?.on('data', () => {
      if (/^the live port map: [^\n]*\n/m.test(output())) {
        resolve();
      }
    });
    child.once('exit', (code) => reject(new Error(`the server ended (${code}):\n${output()}`)));
  });
}
