import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import {
  makeNetworkNamespace,
  type NetworkNamespace,
} from '../testkit/system/network-namespaces.ts';

/**
 * Firefox never connects to a 127.0.0.1 candidate, so server and browser run in a network namespace with another
 * address: firefox-call.ts.
 */
const namespace = makeNetworkNamespace('10.77.0.1');

if (typeof namespace === 'string') {
  test.skip(`two Firefox peers see and hear each other (${namespace})`);
} else {
  afterAll(() => namespace.remove());
  test('two Firefox peers see and hear each other', () => call(namespace));
}

async function call({ name, address }: NetworkNamespace): Promise<void> {
  const script = fileURLToPath(new URL('firefox-call.ts', import.meta.url));
  const inside = spawn('ip', ['netns', 'exec', name, process.execPath, script, address], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let errors = '';
  inside.stdout.on('data', (data) => {
    output += String(data);
  });
  inside.stderr.on('data', (data) => {
    errors += String(data);
  });
  const [code] = await once(inside, 'exit');
  expect(code, errors).toBe(0);
  const result = JSON.parse(output.trim().split('\n').at(-1) ?? '') as Record<string, unknown>[];
  for (const peer of result) {
    expect(peer).toEqual({
      framesDecoded: expect.any(Number),
      audioPackets: expect.any(Number),
      contrast: expect.any(Number),
      remoteAddresses: [address],
    });
    expect(peer.framesDecoded).toBeGreaterThan(10);
    expect(peer.audioPackets).toBeGreaterThan(10);
    expect(peer.contrast).toBeGreaterThan(50);
  }
}
