import { afterEach, expect, test, vi } from 'vitest';
import { runCli } from '../cli.ts';
import { cli } from './main.ts';

afterEach(() => {
  vi.restoreAllMocks();
  process.exitCode = undefined;
});

async function run(line: string) {
  const stdout = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  const stderr = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  await runCli(cli, line.split(' ').filter(Boolean));
  return {
    stdout: stdout.mock.calls.join(),
    stderr: stderr.mock.calls.join(),
    exitCode: process.exitCode,
  };
}

test.each([
  ['upgrade next', 'upgrade needs a version'],
  ['new', 'a patch needs a name'],
  ['build --debug --asan', '--debug, --asan and --release exclude each other'],
])('`%s` is refused with the help: %s', async (line, what) => {
  const { stderr, exitCode } = await run(line);

  expect(stderr).toContain(what);
  expect(stderr).toContain('npm run patch -- COMMAND');
  expect(exitCode).toBe(2);
});

test('the help names every command and every option of each', () => {
  for (const [name, { options }] of Object.entries(cli.commands)) {
    expect(cli.usage).toMatch(new RegExp(`^  ${name}\\b`, 'm'));
    for (const option of Object.keys(options)) {
      expect(cli.usage).toContain(`--${option}`);
    }
  }
});
