import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import { version } from 'mediasoup';
import { readManifest } from '../scripts/worker/manifest.ts';
import type { Machine, WorkerDescription } from './results.ts';

export function describeMachine(): Machine {
  const [, system = 'unknown'] =
    /^PRETTY_NAME="(.*)"$/m.exec(readFileSync('/etc/os-release', 'utf8')) ?? [];
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    system,
    kernel: release(),
    node: process.version,
    mediasoup: version,
  };
}

/** @returns the checkout's commit, with a `+` if files differ from it; `unknown` outside git */
export function describeCommit(): string {
  const git = (...args: string[]) =>
    execFileSync('git', args, {
      cwd: fileURLToPath(new URL('..', import.meta.url)),
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  try {
    const changed = git('status', '--porcelain', '--untracked-files=no');
    return git('rev-parse', '--short=10', 'HEAD') + (changed ? '+' : '');
  } catch {
    return 'unknown';
  }
}

/** @returns undefined for a worker without a manifest, such as one that mediasoup's own installation built */
export function describeWorker(binary: string): WorkerDescription | undefined {
  const manifest = readManifest(binary);
  return (
    manifest && {
      sha256: manifest.binary.sha256,
      source: manifest.source,
      compiler: manifest.compiler,
      patches: manifest.patches.map(({ name }) => name.replace(/\.patch$/, '')),
    }
  );
}
