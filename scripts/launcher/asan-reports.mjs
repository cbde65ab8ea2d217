import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { say } from '../setup/step.mjs';

/**
 * Runs something that starts workers. What AddressSanitizer has to say of one that was built with it goes to files
 * (`log_path`, see `ASAN_OPTIONS=help=1`), is printed at the end, and makes the whole fail. Otherwise nobody would see
 * it: mediasoup hides a worker's stderr in a debug log, and a server starts another worker for one that died.
 *
 * @param {string} worker The binary's path; `manifest.json` beside it says how it was built.
 * @param {() => Promise<number>} run Gives an exit code.
 * @returns {Promise<number>} That exit code, or 1 when there is a report.
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
    // A binary of the person's own has none.
    return false;
  }
}
