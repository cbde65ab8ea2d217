import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished, vi } from 'vitest';

/**
 * For tests: a folder that is gone when the test has finished.
 *
 * @param files - What lies in it: paths and contents.
 */
export function temporaryFolder(files: Record<string, string> = {}): string {
  const folder = mkdtempSync(join(tmpdir(), 'oneport-test-'));

  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  write(folder, files);

  return folder;
}

/** For tests: writes files below a folder, and the folders that they need. */
export function write(folder: string, files: Record<string, string>): void {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
}

/**
 * For tests, in beforeEach: gives the set-up an empty cache, and keeps its messages, which tell of failures that a
 * test wants, out of the tests' output.
 */
export function isolateSetUp(): void {
  vi.stubEnv('ONEPORT_CACHE', temporaryFolder());
  vi.spyOn(process.stderr, 'write').mockReturnValue(true);
}
