import type { Browser } from 'playwright-core';
import { afterAll, beforeAll } from 'vitest';
import { type ServerProcess, startServerProcess } from '../servers/server-process.ts';
import { launchChromium } from './chromium.ts';

/**
 * A browser and a server for the tests of a file, started before the first and ended after the last.
 *
 * @returns what is there while a test runs
 */
export function useBrowserAndServer(): {
  readonly browser: Browser;
  readonly server: ServerProcess;
} {
  let started: [Browser, ServerProcess] | undefined;
  const get = () => {
    if (!started) {
      throw new Error('only there while a test runs');
    }
    return started;
  };
  beforeAll(async () => {
    started = await Promise.all([launchChromium(), startServerProcess({})]);
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
