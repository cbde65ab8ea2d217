import { expect, test } from 'vitest';
import { readCommandLine } from './command-line.ts';
import { commands } from './commands.ts';
import { usage } from './usage.ts';

const read = (line: string) => readCommandLine(line.split(' ').filter(Boolean), commands, usage);

test('a command gets its operand and its options', () => {
  const call = read('upgrade 3.26.0 --dry-run --build');

  expect(call?.command).toBe(commands.upgrade);
  expect(call?.operands).toEqual(['3.26.0']);
  expect(call?.options).toMatchObject({ 'dry-run': true, build: true });
});

test.each(['', '--help', 'upgrade --help', '-h prove'])('`%s` wants the help', (line) => {
  expect(read(line)).toBeUndefined();
});

test.each([
  ['checkuot', 'there is no `patch checkuot`'],
  ['toString', 'there is no `patch toString`'],
  ['check patches', "`patch check` doesn't know what to do with patches"],
  ['upgrade 3.26.0 3.24.2', "`patch upgrade` doesn't know what to do with 3.24.2"],
  ['export --dry-run', '`patch export` has no --dry-run'],
  ['build --pinned --force', '`patch build` has no --pinned, --force'],
  ['build --sanitize', "Unknown option '--sanitize'"],
])('`%s` is refused, and the help is shown: %s', (line, what) => {
  expect(() => read(line)).toThrow(
    expect.objectContaining({
      message: expect.stringMatching(/npm run patch -- <command>/),
      what: expect.stringContaining(what),
      exitCode: 2,
    }),
  );
});

test('the help names every command, and every option of each', () => {
  for (const [name, { options = [] }] of Object.entries(commands)) {
    expect(usage).toMatch(new RegExp(`^  ${name}\\b`, 'm'));
    for (const option of options) {
      expect(usage).toContain(`--${option}`);
    }
  }
});
