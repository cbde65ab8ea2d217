import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { say } from '../setup/step.mjs';

/**
 * Runs work that starts workers. If the worker is built with AddressSanitizer, its reports go to files (`log_path`, see
 * `ASAN_OPTIONS=help=1`), are printed at the end, and fail the work. Otherwise they would be lost: mediasoup writes a
 * worker's stderr to a debug log, and a server replaces a worker that died.
 *
 * @param {string} worker - the binary; `manifest.json` beside it says how it was built
 * @param {() => Promise<number>} run - resolves to an exit code
 * @returns {Promise<number>} that exit code; not 0 if there is a report
 */
export async function withAsanReports(worker, run) {
  if (!isAsan(worker)) {
    return run();
  }
  const folder = mkdtempSync(join(tmpdir(), 'oneport-asan-'));
  const { ASAN_OPTIONS = '' } = process.env;
  process.env.ASAN_OPTIONS = [ASAN_OPTIONS, `log_path=${join(folder, 'report')}`]
    .filter(Boolean)
    .join(':');
  try {
    const code = await run();
    const reports = readdirSync(folder);
    for (const report of reports) {
      process.stderr.write(`\n${readFileSync(join(folder, report), 'utf8')}\n`);
    }
    say(`AddressSanitizer: ${reports.length === 0 ? 'no reports' : `${reports.length} reports`}`);
    return reports.length === 0 ? code : code || 1;
  } finally {
    process.env.ASAN_OPTIONS = ASAN_OPTIONS;
    rmSync(folder, { recursive: true });
  }
}

/** @param {string} worker */
function isAsan(worker) {
  try {
    const manifest = readFileSync(join(dirname(worker), 'manifest.json'), 'utf8');
    return JSON.parse(manifest).buildType === 'asan';
  } catch {
    // A binary of the user's own has none.
    return false;
  }
}
