import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { temporaryFolder, write } from '../../testkit/system/temporary-folder.ts';
import { withAsanReports } from './asan-reports.mjs';

const compiler = '/usr/bin/gcc';

test.runIf(existsSync(compiler))(
  'a report of AddressSanitizer is printed and fails the run',
  async () => {
    const printed = captureStderr();
    const careless = compiled('asan', 'int main() { char *a = malloc(4); free(a); return a[0]; }');
    const leaking = compiled('asan', 'int main() { return malloc(4) == 0; }');
    const sound = compiled('asan', 'int main() { free(malloc(4)); return 0; }');
    // Like mediasoup: exit code and stderr are dropped.
    expect(await withAsanReports(careless, async () => runs(careless, 0))).toBe(1);
    expect(printed()).toContain('heap-use-after-free');
    expect(await withAsanReports(leaking, async () => runs(leaking, 0))).toBe(1);
    expect(printed()).toContain('detected memory leaks');
    expect(await withAsanReports(sound, async () => runs(sound, 0))).toBe(0);
    expect(printed()).toContain('AddressSanitizer: no reports');
    expect(await withAsanReports(sound, async () => runs(sound, 3))).toBe(3);
  },
);

test('runs another worker without changes', async () => {
  const folder = temporaryFolder({ 'manifest.json': '{ "buildType": "release" }' });
  const before = process.env.ASAN_OPTIONS;
  for (const worker of [join(folder, 'worker'), join(temporaryFolder(), 'no-manifest')]) {
    const seen = await withAsanReports(worker, async () => {
      expect(process.env.ASAN_OPTIONS).toBe(before);
      return 4;
    });
    expect(seen).toBe(4);
  }
});

function compiled(buildType: string, source: string): string {
  const folder = temporaryFolder({ 'manifest.json': JSON.stringify({ buildType }) });
  write(folder, { 'main.c': `#include <stdlib.h>\n${source}\n` });
  const { status, stderr } = spawnSync(
    compiler,
    ['-w', '-O0', '-fsanitize=address', '-o', 'worker', 'main.c'],
    { cwd: folder, encoding: 'utf8' },
  );
  expect(status, stderr).toBe(0);
  return join(folder, 'worker');
}

/** @returns the given exit code, not the program's */
function runs(program: string, code: number): number {
  spawnSync(program, { stdio: 'ignore' });
  return code;
}

function captureStderr(): () => string {
  const write = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  return () => write.mock.calls.map(([text]) => text).join('');
}
