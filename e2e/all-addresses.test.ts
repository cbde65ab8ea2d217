import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, expect, test } from 'vitest';
import { obstacleToSharedPort } from '../testkit/browser/port-matrix.ts';
import { makeNetworkNamespace } from '../testkit/system/network-namespaces.ts';

/** A server on 0.0.0.0 and :: would be reachable from outside, so it runs in a namespace: all-addresses-inside.ts. */
const namespace = makeNetworkNamespace('10.77.0.1');
const title = 'MEDIASOUP_LISTEN_IP=0.0.0.0,:: receives IPv4 and IPv6 together';

if (typeof namespace === 'string') {
  test.skip(`${title} (${namespace})`);
} else {
  const { name, address, address6, remove } = namespace;
  const script = fileURLToPath(new URL('all-addresses-inside.ts', import.meta.url));
  afterAll(() => remove());
  const modes = ['true', 'false', ...(obstacleToSharedPort ? [] : ['shared'])];
  test.each(modes)(`${title}: MEDIASOUP_USE_WEBRTC_SERVER=%s`, async (useWebRtcServer) => {
    const args = ['netns', 'exec', name, process.execPath, script];
    const { stdout } = await promisify(execFile)('ip', [
      ...args,
      useWebRtcServer,
      address,
      address6,
    ]);
    const { ready, results } = JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
    expect(ready).toMatchObject({ ready: true, reasons: [] });
    expect(results).toEqual(
      ['udp', 'tcp'].flatMap((protocol) =>
        [
          [address, '0.0.0.0'],
          [address6, '::'],
        ].map(([to, ip]) => ({
          protocol,
          address: to,
          result: 'success',
          from: to,
          inPortMap: [[protocol, ip, to]],
        })),
      ),
    );
  });
}
