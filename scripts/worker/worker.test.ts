import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { createWorker } from 'mediasoup';
import { expect, onTestFinished, test } from 'vitest';
import { workerOfTests } from '../../testkit/servers/test-worker.ts';
import { temporaryFolder } from '../../testkit/system/temporary-folder.ts';
import { SetUpError } from '../setup/set-up-error.mjs';
import { verifyWorker } from './verify.ts';

test('mediasoup works with the worker: start, dump, close', async () => {
  const worker = await createWorker({ workerBin: workerOfTests() });
  onTestFinished(() => worker.close());
  const router = await worker.createRouter({
    mediaCodecs: [{ kind: 'audio', mimeType: 'audio/opus', clockRate: 48000, channels: 2 }],
  });
  expect(await worker.dump()).toMatchObject({ pid: worker.pid, routerIds: [router.id] });
  worker.close();
  expect(worker.closed).toBe(true);
});

test('a worker is verified by starting it', async () => {
  await expect(verifyWorker(workerOfTests())).resolves.toBeUndefined();
});

test('rejects a program that does not behave like a worker, with its output', async () => {
  const folder = temporaryFolder({
    exits: '#!/bin/sh\necho hello >&2\nexit 3\n',
    'knows-only-the-exit-code': '#!/bin/sh\nexit 41\n',
  });
  for (const name of ['exits', 'knows-only-the-exit-code']) {
    chmodSync(join(folder, name), 0o755);
  }
  await expect(verifyWorker(join(folder, 'exits'))).rejects.toThrow(/exit code 3[\s\S]*hello/);
  await expect(verifyWorker(join(folder, 'knows-only-the-exit-code'))).rejects.toThrow(SetUpError);
});
