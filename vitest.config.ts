import { defineConfig } from 'vitest/config';

// Vitest's own second is too short for a machine that has other work: what is waited for comes, or a test fails anyway.
const poll = { timeout: 15_000, interval: 50 };

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['{protocol,server,app,testkit,scripts,deploy,patches}/**/*.test.ts'],
          exclude: ['**/node_modules/**', '**/dist/**'],
          expect: { poll },
          testTimeout: 20_000,
          hookTimeout: 30_000,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['e2e/**/*.test.ts'],
          // Each starts browsers and encoders: two at once would starve each other.
          fileParallelism: false,
          expect: { poll },
          testTimeout: 90_000,
          hookTimeout: 90_000,
        },
      },
    ],
  },
});
