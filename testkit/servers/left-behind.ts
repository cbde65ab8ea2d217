import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import {
  type ServerProcess,
  type ServerProcessOptions,
  startServerProcess,
} from './server-process.ts';

/** Waits until no process and no port of a server is left. */
export async function expectNothingRuns(server: ServerProcess): Promise<void> {
  await expect.poll(server.running).toEqual([]);
  // A process that is ending loses its environment before its sockets.
  await expect.poll(server.listening).toEqual([]);
}

/** Kills the remaining processes of a server when the test has finished. */
export function endWithTest(server: ServerProcess): void {
  onTestFinished(() => {
    for (const pid of server.running()) {
      process.kill(pid, 'SIGKILL');
    }
  });
}

/** The variables that name folders for a server's files. */
const foldersOfServer = ['TMPDIR', 'XDG_CACHE_HOME', 'HOME'] as const;

export interface WatchedServer extends ServerProcess {
  /** Waits until no process, port or file of the server is left. */
  expectNothingLeft(): Promise<void>;
}

/**
 * Runs the product with empty folders for its files.
 *
 * @param env - the settings of the test
 */
export async function startWatchedServer(
  env: Record<string, string>,
  options?: ServerProcessOptions,
): Promise<WatchedServer> {
  const folder = mkdtempSync(join(tmpdir(), 'oneport-left-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const folders = Object.fromEntries(
    foldersOfServer.map((name) => [name, mkdtempSync(join(folder, name))]),
  );
  const server = await startServerProcess({ ...folders, ...env }, options);
  endWithTest(server);
  return {
    ...server,
    async expectNothingLeft() {
      await expectNothingRuns(server);
      const files = Object.values(folders).flatMap((path) =>
        readdirSync(path, { recursive: true, encoding: 'utf8' }),
      );
      expect(files).toEqual([]);
    },
  };
}
