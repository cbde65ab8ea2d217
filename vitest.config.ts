import { configDefaults, defineConfig } from 'vitest/config';

// Vitest's own second is too short for a busy machine: what a test waits for comes, or the test fails anyway.
const poll = { timeout: 15_000, interval: 50 };

const unit = ['{app,protocol}/**/*.test.ts', 'server/src/{config,net,telemetry}/**/*.test.ts'];

const e2e = ['e2e/**/*.test.ts', 'bench/load/witness.test.ts'];

export default defineConfig({
  test: {
    // The output of set-up and servers only matters beside a failure.
    silent: 'passed-only',
    reporters: ['./testkit/reporter.ts'],
    projects: [
      {
        test: {
          name: 'unit',
          include: unit,
          exclude: [...configDefaults.exclude],
          // These tests start nothing and change nothing global, so a process runs many files.
          isolate: false,
          expect: { poll },
          // Tests of the project server, which saturate workers, run beside them.
          testTimeout: 20_000,
        },
      },
      {
        test: {
          name: 'server',
          include: ['{server,testkit,scripts,bench,deploy,patches}/**/*.test.ts'],
          exclude: [...configDefaults.exclude, ...unit, ...e2e],
          expect: { poll },
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'e2e',
          include: e2e,
          // Each starts browsers and encoders: two at once would starve each other.
          fileParallelism: false,
          // Browsers fail for reasons that aren't ours. The reporter names every test that needed it.
          retry: 1,
          expect: { poll },
          testTimeout: 90_000,
          hookTimeout: 90_000,
        },
      },
    ],
  },
});
