import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { onTestFinished, test } from 'vitest';
import { runTarget, target } from '../scripts/fuzz/run-target.ts';
import { Subject } from '../scripts/fuzz/subject.ts';
import { targets } from '../scripts/fuzz/targets.ts';
import { launchChromium } from '../testkit/browser/chromium.ts';
import { obstacleToSharedPort } from '../testkit/browser/port-matrix.ts';
import { startSharedServer } from '../testkit/servers/shared-port.ts';
import { UdpTap, UdpTapThread } from '../testkit/system/udp-tap.ts';
import { BrowserCall } from './browser-call.ts';

/** For each target. */
const seconds = Number(process.env.FUZZ_SECONDS ?? 2);

test.skipIf(obstacleToSharedPort)(
  'two browsers keep decoding frames while everything is fuzzed',
  { timeout: 120_000 + 10 * seconds * 1_000 * targets.length },
  async () => {
    const server = await startSharedServer({
      MEDIASOUP_NUM_WORKERS: '2',
      MEDIASOUP_ANNOUNCED_ADDRESS: UdpTap.address,
      RECONNECT_GRACE_SECONDS: '1',
      MAX_WORKER_CPU: '100',
    });
    const tap = await UdpTapThread.open(server.mediaPort);
    onTestFinished(() => tap.close());
    const browser = await launchChromium();
    onTestFinished(() => browser.close());
    const call = await BrowserCall.start({ browser, server, tap });
    const subject = await Subject.of({ server, bystanders: call });
    onTestFinished(() => subject.release());
    // The frame rate without fuzzing, for comparison.
    const nothing = target('nothing', fc.constant(null), () => sleep(100));
    for (const one of [nothing, ...targets]) {
      const batches = await runTarget(one, { subject }, { mode: 'shared-port', seconds });
      console.log(`${one.name}: ${batches} batches, ${call.takeFigures()}`);
    }
  },
);
