import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import {
  type ServerProcess,
  type ServerProcessOptions,
  startServerProcess,
} from './server-process.ts';

/** Waits until no process of a server's is left, and none of its ports. Fails when something stays. */
export async function expectNothingRuns(server: ServerProcess): Promise<void> {
  await expect.poll(server.running).toEqual([]);
  // A process that is about to end has lost its environment before its sockets.
  await expect.poll(server.listening).toEqual([]);
}

/** What is still there of a server when its test has finished is ended. */
export function endWithTest(server: ServerProcess): void {
  onTestFinished(() => {
    for (const pid of server.running()) {
      process.kill(pid, 'SIGKILL');
    }
  });
}

/** Where a server may leave files. */
const foldersOfServer = ['TMPDIR', 'XDG_CACHE_HOME', 'HOME'] as const;

export interface WatchedServer extends ServerProcess {
  /** Waits until nothing of it is left: no process, no port, no file. Fails when something stays. */
  expectNothingLeft(): Promise<void>;
}

/**
 * Runs the product with folders of its own for its files.
 *
 * @param env - settings that the test is about
 * @param options - as startServerProcess() has them
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
