import { existsSync, readFileSync } from 'node:fs';
import { beforeEach, expect, test } from 'vitest';
import { isolateSetUp } from '../../testkit/system/temporary-folder.ts';
import { runLogged } from './run-logged.mjs';
import { SetUpError } from './set-up-error.mjs';

beforeEach(isolateSetUp);

/** Runs a program that prints these lines and fails. */
async function failure(lines: readonly string[]): Promise<string> {
  const script = 'for (const line of process.argv.slice(1)) console.error(line); process.exit(3)';
  const run = runLogged(process.execPath, ['-e', script, '--', ...lines], { what: 'the work' });
  return run.then(
    () => expect.unreachable(),
    (error: unknown) => {
      expect(error).toBeInstanceOf(SetUpError);
      return String(error);
    },
  );
}

const numbered = (text: string, count: number) =>
  Array.from({ length: count }, (_, index) => `${text} ${index}`);

test('returns the output of a program that succeeds, and leaves no log', async () => {
  await expect(
    runLogged(process.execPath, ['-e', 'console.log("done")'], { what: 'the work' }),
  ).resolves.toBe('done\n');
});

test('shows the last lines of a program that fails, and names the log', async () => {
  const message = await failure(numbered('line', 40));
  const [, log = ''] = message.match(/The whole log: (.+)$/m) ?? [];
  expect(message).toMatch(/the work failed with exit code 3/);
  expect(message).toMatch(/\| line 25\n[\s\S]*\| line 39\n/);
  expect(message).not.toMatch(/\| line 24\n/);
  expect(existsSync(log)).toBe(true);
  expect(readFileSync(log, 'utf8')).toMatch(/^line 0$/m);
});

test('shows the first error of a compiler, without the errors that follow', async () => {
  const message = await failure([
    ...numbered('[1/9] Compiling', 20),
    "../../src/RTC/SrtpSession.cpp:74:52: error: no matching function for call to 'srtp_create'",
    ...numbered('note', 40),
    '../../src/Later.cpp:1:1: error: because of the first',
  ]);
  expect(message).toMatch(
    /exit code 3\n {2}\| \.\.\/\.\.\/src\/RTC\/SrtpSession\.cpp:74:52: error/,
  );
  expect(message).toMatch(/\| note 13\n/);
  expect(message).not.toMatch(/Compiling|note 14|Later/);
});
