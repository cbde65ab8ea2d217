import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, expect, test } from 'vitest';
import { obstacleToSharedPort } from '../testkit/browser/port-matrix.ts';
import { makeNetworkNamespace } from '../testkit/system/network-namespaces.ts';

/**
 * Chromium accepts no candidate with port 443 at a private address, so the namespace has a public one. It also makes
 * port 443 available, whatever this machine runs. The call itself is one-port-inside.ts.
 */
const namespace = makeNetworkNamespace('203.0.113.1');
const title = 'page, signalling, and media over TCP and UDP all use port 443';
const obstacle = typeof namespace === 'string' ? namespace : obstacleToSharedPort;

if (typeof namespace === 'string' || obstacle) {
  test.skip(`${title} (${obstacle})`);
} else {
  const { name, address, remove } = namespace;
  afterAll(() => remove());

  test(title, async () => {
    const script = fileURLToPath(new URL('one-port-inside.ts', import.meta.url));
    const args = ['netns', 'exec', name, process.execPath, script, address];
    const { stdout } = await promisify(execFile)('ip', args);
    const { received, open } = JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
    expect(open).toEqual(['tcp 443', 'udp 443']);
    for (const [i, protocol] of ['udp', 'tcp'].entries()) {
      expect(received[i].framesDecoded).toBeGreaterThan(10);
      expect(received[i].selected).toEqual([1, 2].map(() => ({ protocol, address, port: 443 })));
    }
  });
}
