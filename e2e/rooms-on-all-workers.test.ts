import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { PortsSummary } from '../server/src/http/ports-summary.ts';
import { launchChromium } from './chromium.ts';
import { PeerPage } from './peer-page.ts';
import { describeWay, portWays, startServerFor } from './port-matrix.ts';

const patience = { timeout: 30_000, interval: 200 };

let browser: Browser;

beforeAll(async () => {
  browser = await launchChromium();
});

afterAll(() => browser.close());

describe.each([2, 4])('with %i workers', (numWorkers) => {
  test.each(portWays.map((way) => ({ way, name: describeWay(way) })))(
    'rooms on all of them are calls: $name',
    async ({ way }) => {
      await using stack = new AsyncDisposableStack();
      const server = await startServerFor(way, { MEDIASOUP_NUM_WORKERS: String(numWorkers) });
      stack.defer(() => server.stop());

      for (let n = 0; n < numWorkers; n++) {
        const options = { browser, url: server.url, roomId: `room-${n}` };
        const forceTcp = way.protocol === 'tcp';
        const alice = await PeerPage.join({ ...options, forceTcp, name: 'Alice' });
        stack.defer(() => alice.close());
        const bob = await PeerPage.join({ ...options, forceTcp, name: 'Bob' });
        stack.defer(() => bob.close());
        for (const peer of [alice, bob]) {
          await expect
            .poll(() => peer.received('video', 'framesDecoded'), patience)
            .toBeGreaterThan(10);
          for (const { protocol } of await peer.selectedCandidates()) {
            expect(protocol).toBe(way.protocol);
          }
        }
        // The room stays, so that the next comes to another worker; what it encodes would starve that one.
        for (const peer of [alice, bob]) await peer.button('Turn camera off').click();
      }

      const response = await fetch(`${server.url}/api/ports`);
      const { ports } = (await response.json()) as PortsSummary;
      const transports = Array<number>(numWorkers).fill(0);
      for (const port of ports.filter(({ protocol }) => protocol === way.protocol)) {
        transports[port.workerIndex] = (transports[port.workerIndex] ?? 0) + port.transports;
      }
      expect(transports, 'two peers with two transports on each').toEqual(
        Array(numWorkers).fill(4),
      );
    },
  );
});
