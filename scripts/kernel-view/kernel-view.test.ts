import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { obstacleToSteering } from '../../testkit/servers/shared-port.ts';
import { workerOfTests } from '../../testkit/servers/test-worker.ts';
import { root } from '../setup/paths.mjs';
import { fillPage } from './main.ts';

const isRoot = process.geteuid?.() === 0;
const canUnshare = spawnSync('unshare', ['--net', 'true']).status === 0;

describe.runIf(isRoot && canUnshare && !obstacleToSteering())('the kernel’s view', () => {
  let view: Map<string, string>;

  beforeAll(() => {
    const output = execFileSync(process.execPath, [join(import.meta.dirname, 'main.ts')], {
      encoding: 'utf8',
      env: { ...process.env, MEDIASOUP_WORKER_BIN: workerOfTests() },
    });
    view = new Map(
      output.split(/^== /m).flatMap((part): [string, string][] => {
        const end = part.indexOf('\n');
        return end === -1 ? [] : [[part.slice(0, end), part.slice(end + 1).trim()]];
      }),
    );
  }, 120_000);

  /** Each port with its process: `443 worker 0`. */
  function sockets(name: string): string[] {
    const lines = view.get(name)?.split('\n').slice(2) ?? [];
    return lines.map((line) => line.replace(/^.*?:(\d+) .*pid=<(.+)>.*$/, '$1 $2'));
  }

  /** Calls and errors of each system call. */
  function calls(name: string): Record<string, number[]> {
    const lines = view.get(name)?.matchAll(/^(\w+) +(\d+) *(\d*)\s*$/gm) ?? [];
    return Object.fromEntries([...lines].map(([, call, ...counts]) => [call, counts.map(Number)]));
  }

  test('multi-port has a port for each transport', () => {
    expect(new Set(sockets('multi-port ss -lunp').map((one) => one.split(' ')[0])).size).toBe(8);
  });

  test('single-port has a port for each worker', () => {
    expect(sockets('single-port ss -lunp')).toEqual(['443 worker 0', '444 worker 1']);
  });

  test('shared-port has one UDP port, with a socket of each worker and the placeholder socket', () => {
    expect(sockets('shared-port ss -lunp')).toEqual(['443 server', '443 worker 0', '443 worker 1']);
    expect(sockets('shared-port ss -lntp')).toContain('443 server');
  });

  test('steering costs a worker no system call', () => {
    const [single, shared] = [calls('single-port strace'), calls('shared-port strace')];
    // One for each packet: none is needed to learn that there is no other one (patches/udp-receive-batch.patch).
    expect(shared.recvmmsg).toEqual([200, 0]);
    expect(shared.recvmmsg).toEqual(single.recvmmsg);
    expect(Object.keys(shared)).toEqual(Object.keys(single));
  });

  test('the tables hold each transport, its address and its worker’s socket', () => {
    const tables = view.get('tables') ?? '';
    for (const peer of ['alice', 'bob', 'carol', 'dave']) {
      expect(tables).toContain(`<32 characters: ${peer} sends>`);
      expect(tables).toContain(`<32 characters: ${peer} receives>`);
    }
    expect(tables).not.toContain('unknown');
    expect(tables.match(/-> \d, none/g)).toHaveLength(8);
    expect(tables).toMatch(/0 -> worker 0, fd \d+\n {2}1 -> worker 1, fd \d+\n/);
    expect(tables).toMatch(/dataSteered +200\n/);
  });

  test('fills every place in the pages, and throws on a name without an output', () => {
    const folder = join(root, 'docs');
    for (const file of readdirSync(folder).filter((name) => name.endsWith('.md'))) {
      fillPage(readFileSync(join(folder, file), 'utf8'), view);
    }
    const place = (name: string) =>
      `<!-- kernel-view: ${name} -->\nold\n<!-- end of kernel-view -->`;
    expect(fillPage(place('bpftool prog'), view)).toContain('oneport_steer');
    expect(fillPage(place('bpftool prog'), view)).not.toContain('old');
    expect(() => fillPage(place('bpftool prgo'), view)).toThrow('there is no bpftool prgo');
  });
});
