import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { freePorts } from './free-ports.ts';

const main = fileURLToPath(new URL('../main.ts', import.meta.url));

/** Opens the port map of test servers. */
export const dashboardToken = 'token-of-the-test-servers';

type Command = [string, ...string[]];

export interface ServerProcess {
  url: string;
  /** MEDIASOUP_PORT, as it was chosen. */
  mediaPort: number;
  process: ChildProcess;
  /** What it has printed up to now, its log and its errors included. */
  output(): string;
  stop(): Promise<void>;
}

/**
 * Runs the product as `npm start` does after set-up, on ports of its own.
 *
 * @param env - settings that the test is about
 * @param options.httpOnMediaPort - HTTP_PORT is MEDIASOUP_PORT, which shared-port allows
 * @param options.command - what runs it, in place of this Node with this one's rights
 */
export async function startServerProcess(
  env: Record<string, string>,
  { httpOnMediaPort = false, command = [process.execPath, main] as Command } = {},
): Promise<ServerProcess> {
  const first = await freePorts(110);
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
      LOG_LEVEL: 'warn',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
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
    output: () => output,
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exit = once(child, 'exit');
      child.kill('SIGTERM');
      await exit;
    },
  };
}

/** The server says two lines when it is ready; warnings may come before. */
async function untilReady(child: ChildProcess, output: () => string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    child.stdout?.on('data', () => {
      if (/^the live port map: .*\n/m.test(output())) resolve();
    });
    child.once('exit', (code) => reject(new Error(`the server ended (${code}):\n${output()}`)));
  });
}
