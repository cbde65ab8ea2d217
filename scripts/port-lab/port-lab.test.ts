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

// A network of the lab's own always has IPv6.
describe.runIf(canUnshare || hasIPv6)('the lab on this kernel', () => {
  let report: Report;
  let group: number | undefined;

  beforeAll(async () => {
    // Without a worker the lab skips an experiment. The tests need it.
    expect(workerOfTests()).not.toBe('');
    const lab = spawn(process.execPath, [join(import.meta.dirname, 'main.ts'), '--json'], {
      stdio: ['ignore', 'pipe', 'inherit'],
      // A process group of its own shows what it leaves behind.
      detached: true,
    });
    const exit = once(lab, 'exit');
    group = lab.pid;
    report = JSON.parse(await text(lab.stdout));
    expect(await exit).toEqual([0, null]);
  }, 120_000);

  function cells(id: string): Record<string, readonly string[]> {
    const table = report.tables.find((entry) => entry.id === id);
    return Object.fromEntries(table?.rows.map((row) => [row.name, row.cells]) ?? []);
  }

  test('leaves no process behind', () => {
    expect(() => process.kill(-(group ?? 0), 0)).toThrow('ESRCH');
  });

  test('has a network of its own if that is allowed', () => {
    expect(report.privateNetwork).toBe(canUnshare);
  });

  // Everything else is in the page's tables.
  test('finds what oneport relies on: spreading, and no other user at a SO_REUSEPORT port', () => {
    const spread = ['EADDRINUSE', 'EADDRINUSE', 'spread', 'spread'];
    for (const id of ['two-udp-ipv4', 'two-udp-ipv6', 'two-tcp-ipv4', 'two-tcp-ipv6']) {
      expect(cells(id).SO_REUSEPORT).toEqual(spread);
    }
    expect(cells('two-udp-ipv4').SO_REUSEADDR).toEqual([
      'EADDRINUSE',
      'last',
      'EADDRINUSE',
      'last',
    ]);
    expect(cells('closing-tcp').SO_REUSEPORT).toEqual(['reset', 'first']);
    if (isRoot) {
      expect(cells('other-uid').SO_REUSEADDR).toEqual(['the other', 'EADDRINUSE']);
      expect(cells('other-uid').SO_REUSEPORT).toEqual(['EADDRINUSE', 'EADDRINUSE']);
    }
  });

  test.runIf(!isRoot)('says why another user can’t be tried', () => {
    expect(report.tables.find(({ id }) => id === 'other-uid')?.skipped).toMatch(/only root/);
  });

  test('printed, it names each claim, and fits 80 columns', () => {
    const lines = printReport(report).split('\n');
    for (const { id, verdict } of report.judgements) {
      expect(lines.some((line) => line.includes(`${id}: ${verdict}`))).toBe(true);
    }
    for (const { chinese } of claims) {
      expect(lines).toContain(`    ${chinese}`);
    }
    // A Chinese character is as wide as two others.
    const columnsOf = (line: string) =>
      line.length + (line.match(/[\u3000-\u9fff\uff00-\uffef]/g)?.length ?? 0);
    expect(lines.filter((line) => columnsOf(line) > 80)).toEqual([]);
  });

  test('ends with how often there was each verdict', () => {
    expect(printReport(report)).toMatch(
      /\nOverall, of 20 sentences: holds 4, holds in part 8, does not hold 1, left open\n1, not run here 6\.\n$/,
    );
  });

  test('docs/port-reuse.md shows every table and verdict as it is printed', () => {
    const page = readFileSync(join(root, 'docs/port-reuse.md'), 'utf8');
    const blocks = page.split(/^```\n/m).map((block) => block.trimEnd());
    const [, tables = '', , verdicts = ''] = printReport(report).split(/^.*\n=+\n\n/m);
    const parts = [...tables.trimEnd().split('\n\n'), verdicts.trimEnd()];
    expect(parts).toHaveLength(15);
    for (const part of parts) {
      // Only root can be two users.
      if (isRoot || !part.includes('Skipped: only root')) {
        expect(blocks).toContain(part);
      }
    }
  });
});
