import type { Browser } from 'playwright-core';
import { afterAll, beforeAll } from 'vitest';
import { type ServerProcess, startServerProcess } from '../servers/server-process.ts';
import { type ChromiumOptions, launchChromium } from './chromium.ts';

/**
 * Starts a browser and a server before the first test of a file, and stops them after the last one.
 *
 * @param options.settings - the server's
 * @returns getters that work while a test runs
 */
export function useBrowserAndServer({
  settings = {},
  ...options
}: ChromiumOptions & { settings?: Record<string, string> } = {}): {
  readonly browser: Browser;
  readonly server: ServerProcess;
} {
  let started: [Browser, ServerProcess] | undefined;
  const get = () => {
    if (!started) {
      throw new Error('browser and server exist only while a test runs');
    }
    return started;
  };
  beforeAll(async () => {
    started = await Promise.all([launchChromium(options), startServerProcess(settings)]);
  });
  afterAll(async () => {
    const [browser, server] = get();
    await browser.close();
    await server.stop();
  });
  return {
    get browser() {
      return get()[0];
    },
    get server() {
      return get()[1];
    },
  };
}
