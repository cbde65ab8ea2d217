import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';

/**
 * Firefox never connects to a 127.0.0.1 candidate, so server and browser live in a network namespace
 * with an address of its own. What runs in there is firefox-call.ts.
 */
const namespace = `oneport-${process.pid}`;
const address = '10.77.0.1';
const ip = (...args: string[]) => execFileSync('ip', args, { stdio: 'pipe' });

const isRoot = process.getuid?.() === 0;

beforeAll(() => {
  if (!isRoot) return;
  ip('netns', 'add', namespace);
  ip('-n', namespace, 'link', 'set', 'lo', 'up');
  ip('-n', namespace, 'link', 'add', 'media0', 'type', 'veth', 'peer', 'name', 'media1');
  ip('-n', namespace, 'address', 'add', `${address}/24`, 'dev', 'media0');
  for (const end of ['media0', 'media1']) ip('-n', namespace, 'link', 'set', end, 'up');
  // Nobody is there; but Firefox gathers candidates on the default route's address only.
  ip('-n', namespace, 'route', 'add', 'default', 'via', '10.77.0.2');
});

afterAll(() => {
  if (isRoot) ip('netns', 'delete', namespace);
});

test.runIf(isRoot)('two Firefox peers see and hear each other', async () => {
  const script = fileURLToPath(new URL('firefox-call.ts', import.meta.url));
  const call = spawn('ip', ['netns', 'exec', namespace, process.execPath, script, address], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let errors = '';
  call.stdout.on('data', (data) => {
    output += String(data);
  });
  call.stderr.on('data', (data) => {
    errors += String(data);
  });
  const [code] = await once(call, 'exit');
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
});
