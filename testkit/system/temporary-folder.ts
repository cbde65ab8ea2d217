import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished, vi } from 'vitest';

/** Contents by path. */
export type Files = Record<string, string | Buffer>;

/** Creates a folder that is removed when the test has finished. */
export function temporaryFolder(files: Files = {}): string {
  const folder = mkdtempSync(join(tmpdir(), 'oneport-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  write(folder, files);
  return folder;
}

/** Writes files below a folder, and creates their folders. */
export function write(folder: string, files: Files): void {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
}

/**
 * For beforeEach: gives the set-up an empty cache, and hides its messages about failures that a test provokes.
 */
export function isolateSetUp(): void {
  vi.stubEnv('ONEPORT_CACHE', temporaryFolder());
  vi.spyOn(process.stderr, 'write').mockReturnValue(true);
}
