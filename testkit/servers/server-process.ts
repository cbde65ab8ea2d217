import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { PortsSummary } from '../../server/src/http/ports-api.ts';
import { kernelSockets } from '../system/kernel-sockets.ts';
import { processesMarked } from '../system/processes.ts';
import { freePorts } from './free-ports.ts';

const main = fileURLToPath(new URL('../../server/src/main.ts', import.meta.url));

/** The port map's token of test servers. */
export const portMapToken = 'token-of-the-test-servers';

/** The open ports of a test server, at most a second old. @param url - the page's */
export async function openPorts(url: string): Promise<PortsSummary> {
  const headers = { Authorization: `Bearer ${portMapToken}` };
  const response = await fetch(new URL('/api/ports', url), { headers });
  return (await response.json()) as PortsSummary;
}

/** A variable that child processes inherit, so that all processes of a server can be found. */
const markName = 'INVOCATION_ID';

/** The number of consecutive ports for a server. */
const portsGiven = 110;

type Command = [string, ...string[]];

export interface ServerProcess {
  url: string;
  /** The chosen MEDIASOUP_PORT. */
  mediaPort: number;
  process: ChildProcess;
  /** The running ones of the server, its launcher and its workers. */
  running(): number[];
  /** The sockets of any process that listen on the server's ports. */
  listening(): string[];
  /** Everything printed so far, including log and errors. */
  output(): string;
  stop(): Promise<void>;
}

export interface ServerProcessOptions {
  /** HTTP_PORT is MEDIASOUP_PORT, which shared-port allows. */
  httpOnMediaPort?: boolean;
  /** The command that runs the server, by default this Node. */
  command?: Command;
  /** Whether to start it in a process group of its own. */
  detached?: boolean;
  /** pipe: the test writes to it. */
  stdin?: 'ignore' | 'pipe';
  /** A file descriptor for the server's standard output, which output() then lacks. */
  stdout?: number;
}

/**
 * Runs the product as `npm start` does after set-up, on free ports.
 *
 * @param env - the settings of the test
 */
export async function startServerProcess(
  env: Record<string, string>,
  {
    httpOnMediaPort = false,
    command = [process.execPath, main],
    detached = false,
    stdin = 'ignore',
    stdout,
  }: ServerProcessOptions = {},
): Promise<ServerProcess> {
  const first = await freePorts(portsGiven);
  const mark = randomUUID();
  const [httpPort, mediaPort] = [first, httpOnMediaPort ? first : first + 1];
  const [program, ...args] = command;
  const child = spawn(program, args, {
    env: {
      ...process.env,
      // `npm test` also runs with mediasoup's prebuilt worker.
      ONEPORT_WORKER: process.env.ONEPORT_WORKER ?? 'any',
      MEDIASOUP_LISTEN_IP: '127.0.0.1',
      MEDIASOUP_NUM_WORKERS: '1',
      MEDIASOUP_PORT: String(mediaPort),
      MEDIASOUP_MIN_PORT: String(first + 10),
      MEDIASOUP_MAX_PORT: String(first + 109),
      HTTP_PORT: String(httpPort),
      PORT_MAP_TOKEN: portMapToken,
      // Tests stop the server while peers may still be in a room.
      DRAIN_SECONDS: '0',
      LOG_LEVEL: 'warn',
      // All peers of a test have the same address.
      MAX_HANDSHAKES_PER_SECOND: '10000',
      MAX_REQUESTS_PER_SECOND: '10000',
      MAX_ADDRESS_CPU: '100',
      [markName]: mark,
      ...env,
    },
    stdio: [stdin, stdout ?? 'pipe', 'pipe'],
    detached,
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text) => {
      output += text;
    });
  }
  const url = `http://localhost:${httpPort}`;
  await (stdout === undefined ? untilReady(child, () => output) : untilHealthy(child, url));
  return {
    url,
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

/** When ready, the server prints two lines. Warnings may come before. */
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

/** For a server whose output the test does not read. */
async function untilHealthy(child: ChildProcess, url: string): Promise<void> {
  while (child.exitCode === null) {
    const answer = await fetch(`${url}/health`).catch(() => undefined);
    if (answer) {
      return;
    }
    await sleep(100);
  }
  throw new Error(`the server ended (${child.exitCode})`);
}
