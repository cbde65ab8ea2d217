import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { beforeAll, describe, expect, test } from 'vitest';
import { workerOfTests } from '../../testkit/servers/test-worker.ts';
import { root } from '../setup/paths.mjs';
import { claims } from './claims.ts';
import type { Report } from './lab.ts';
import { printReport } from './print.ts';

const isRoot = process.geteuid?.() === 0;
const canUnshare = spawnSync('unshare', ['--net', 'true']).status === 0;
const hasIPv6 = Object.values(networkInterfaces()).some((addresses) =>
  addresses?.some(({ address }) => address === '::1'),
);

/** A network of the lab's own has IPv6 always. */
const onLinux = describe.runIf(process.platform === 'linux' && (canUnshare || hasIPv6));

onLinux('the lab on this kernel', () => {
  let report: Report;
  let group: number | undefined;

  beforeAll(async () => {
    // The lab skips what takes a worker; the tests don't.
    expect(workerOfTests()).not.toBe('');

    const lab = spawn(process.execPath, [join(import.meta.dirname, 'main.ts'), '--json'], {
      stdio: ['ignore', 'pipe', 'inherit'],
      // A process group of its own, so that what it leaves behind can be seen.
      detached: true,
    });
    const exit = once(lab, 'exit');

    group = lab.pid;
    report = JSON.parse(await text(lab.stdout));
    expect(await exit).toEqual([0, null]);
  });

  function cells(id: string): Record<string, readonly string[]> {
    const table = report.tables.find((entry) => entry.id === id);

    return Object.fromEntries(table?.rows.map((row) => [row.name, row.cells]) ?? []);
  }

  test('leaves no process behind', () => {
    expect(() => process.kill(-(group ?? 0), 0)).toThrow('ESRCH');
  });

  test('has a network of its own where that may be made', () => {
    expect(report.privateNetwork).toBe(canUnshare);
  });

  test('UDP and TCP share a port, whatever the option', () => {
    expect(Object.values(cells('udp-beside-tcp')).flat()).toEqual(Array(8).fill('OK'));
  });

  test.for(['two-tcp-ipv4', 'two-tcp-ipv6'])('%s: SO_REUSEPORT alone, and spread', (id) => {
    const refused = Array(4).fill('EADDRINUSE');

    expect(cells(id)).toEqual({
      none: refused,
      SO_REUSEADDR: refused,
      SO_REUSEPORT: ['EADDRINUSE', 'EADDRINUSE', 'spread', 'spread'],
      both: ['EADDRINUSE', 'EADDRINUSE', 'spread', 'spread'],
    });
  });

  test('SO_REUSEADDR lets two TCP sockets be bound, and one of them listen', () => {
    expect(cells('listen-late')).toEqual({
      none: ['EADDRINUSE', 'OK', '-'],
      SO_REUSEADDR: ['OK', 'OK', 'EADDRINUSE'],
      SO_REUSEPORT: ['OK', 'OK', 'OK'],
      both: ['OK', 'OK', 'OK'],
    });
  });

  test.for([
    ['two-udp-ipv4', 'last'],
    ['two-udp-ipv6', 'first'],
  ] as const)('%s: the last gets all, or they share; the options don’t mix', ([id, mixed]) => {
    expect(cells(id)).toEqual({
      none: Array(4).fill('EADDRINUSE'),
      SO_REUSEADDR: ['EADDRINUSE', 'last', 'EADDRINUSE', mixed],
      SO_REUSEPORT: ['EADDRINUSE', 'EADDRINUSE', 'spread', 'spread'],
      both: ['EADDRINUSE', 'last', 'spread', 'spread'],
    });
  });

  test('when a UDP socket closes the next to last inherits, or the hash is dealt anew', () => {
    const inherits = ['4th', '3rd', '-', '4th', '4th'];
    const dealt = ['spread', 'spread', 'moved', 'spread', 'spread'];

    expect(cells('closing-udp')).toEqual({
      'SO_REUSEADDR, IPv4': inherits,
      'SO_REUSEPORT, IPv4': dealt,
      'both, IPv4': dealt,
      'SO_REUSEADDR, IPv6': inherits,
      'SO_REUSEPORT, IPv6': dealt,
      'both, IPv6': dealt,
    });
  });

  test('when a TCP listener closes its waiting connections go with it', () => {
    expect(cells('closing-tcp')).toMatchObject({
      SO_REUSEPORT: ['reset', 'first'],
      both: ['reset', 'first'],
    });
  });

  test('a specific address beats the wildcard', () => {
    const shared = ['specific', 'specific', 'IPv4 socket', 'addressed'];

    expect(cells('wildcard')).toEqual({
      none: ['EADDRINUSE', 'EADDRINUSE', 'EADDRINUSE', 'addressed'],
      SO_REUSEADDR: shared,
      SO_REUSEPORT: shared,
      both: shared,
    });
  });

  test('multicast reaches each', () => {
    expect(cells('multicast')).toEqual({
      none: ['EADDRINUSE', 'EADDRINUSE'],
      SO_REUSEADDR: ['each', 'each'],
      SO_REUSEPORT: ['each', 'each'],
      both: ['each', 'each'],
    });
  });

  test.runIf(isRoot)('SO_REUSEADDR gives UDP to another user, SO_REUSEPORT doesn’t', () => {
    expect(cells('other-uid')).toEqual({
      none: ['EADDRINUSE', 'EADDRINUSE'],
      SO_REUSEADDR: ['the other', 'EADDRINUSE'],
      SO_REUSEPORT: ['EADDRINUSE', 'EADDRINUSE'],
      both: ['the other', 'EADDRINUSE'],
    });
  });

  test.runIf(!isRoot)('says why another user can’t be tried', () => {
    expect(report.tables.find(({ id }) => id === 'other-uid')?.skipped).toMatch(/it takes root/);
  });

  test('a shared listener wakes the whole herd, unless it is exclusive', () => {
    expect(cells('herd')).toEqual({
      'one listener, poll()': ['5', '20', '15'],
      'one listener, epoll': ['5', '20', '15'],
      'one listener, EPOLLEXCLUSIVE': ['5', '5', '0'],
      'SO_REUSEPORT, poll()': ['5', '5', '0'],
      'one listener, accept()': ['5', '5', '0'],
    });
  });

  test('a WebRtcTransport offers what it was told, which may be both', () => {
    expect(cells('webrtc-transport')).toEqual({
      nothing: ['TypeError', '-', '-'],
      'listenInfos: udp': ['udp', 'answered', 'refused'],
      'listenInfos: tcp': ['tcp', 'refused', 'answered'],
      'listenInfos: udp, tcp': ['udp, tcp', 'answered', 'answered'],
      webRtcServer: ['udp, tcp', 'answered', 'answered'],
      'webRtcServer, enableTcp: false': ['udp', 'answered', 'answered'],
    });
  });

  test('every claim has its verdict', () => {
    expect(Object.fromEntries(report.judgements.map(({ id, verdict }) => [id, verdict]))).toEqual({
      'udp-beside-tcp': 'holds',
      'two-tcp': 'holds in part',
      nginx: 'holds in part',
      'thundering-herd': 'holds in part',
      'two-udp': 'holds',
      'one-process-receives': 'holds in part',
      'create-webrtc-transport': 'holds in part',
      scope: 'left open',
      'same-port': 'holds in part',
      'freebsd-options': 'not run here',
      'linux-options': 'does not hold',
      'freebsd-two-tcp': 'not run here',
      'freebsd-two-udp': 'not run here',
      'linux-two-tcp': 'holds in part',
      'linux-two-udp': 'holds',
      'freebsd-tcp-first': 'not run here',
      'freebsd-udp-unicast': 'not run here',
      'freebsd-udp-multicast': 'not run here',
      'linux-udp-unicast': 'holds in part',
      'linux-udp-multicast': 'holds',
    });
  });

  test.for([60, 80, 120])('printed at %i columns it names each claim, and fits', (width) => {
    const lines = printReport(report, { width, colour: false }).split('\n');

    for (const { id, verdict } of report.judgements) {
      expect(lines.some((line) => line.includes(`${id}: ${verdict}`))).toBe(true);
    }
    for (const { chinese } of claims) {
      expect(lines).toContain(`    ${chinese}`);
    }
    // Tables and quotes are as wide as they are, which is made to fit 80.
    expect(lines.filter((line) => columnsOf(line) > Math.max(width, 80))).toEqual([]);
  });

  test.runIf(isRoot)('docs/port-reuse.md shows every table and verdict as it is printed', () => {
    const page = readFileSync(join(root, 'docs/port-reuse.md'), 'utf8');
    const printed = printReport(report, { width: 80, colour: false });
    const [, tables = '', , inShort = ''] = printed.split(/^.*\n=+\n\n/m);

    for (const part of [...tables.trimEnd().split('\n\n'), inShort.trimEnd()]) {
      expect(page).toContain(`\`\`\`\n${part}\n\`\`\`\n`);
    }
  });
});

/** In a terminal a Chinese character is as wide as two others. */
function columnsOf(line: string): number {
  return line.length + (line.match(/[\u3000-\u9fff\uff00-\uffef]/g)?.length ?? 0);
}
