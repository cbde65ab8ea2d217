import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { StartError } from '../server/src/config/start-error.ts';
import { runCli, UsageError } from './cli.ts';
import { SetUpError } from './setup/set-up-error.mjs';

const usage = 'Usage: npm run bake -- CAKE\n';
const output = { stdout: '', stderr: '' };

beforeEach(() => {
  for (const name of ['stdout', 'stderr'] as const) {
    output[name] = '';
    vi.spyOn(process[name], 'write').mockImplementation((text) => {
      output[name] += text;
      return true;
    });
  }
});

afterEach(() => {
  vi.restoreAllMocks();
  process.exitCode = undefined;
});

/** Runs it, and returns what a shell would see. */
async function result(run: Promise<void>) {
  await run;
  return { ...output, exitCode: process.exitCode };
}

const bake = (...args: string[]) =>
  result(
    runCli(
      {
        name: 'bake',
        usage,
        options: { minutes: { type: 'string' }, hot: { type: 'boolean' } },
        positionals: 1,
        run({ minutes = '40', hot }, [cake = 'none']) {
          process.stdout.write(`${cake} ${minutes} ${hot}`);
          return hot ? 3 : undefined;
        },
      },
      args,
    ),
  );

test('passes options and operands, and sets the exit code', async () => {
  expect(await bake('--hot', 'apple', '--minutes=50')).toEqual({
    stdout: 'apple 50 true',
    stderr: '',
    exitCode: 3,
  });
});

test('a program that returns no exit code ends with none set, which is 0', async () => {
  expect(await bake()).toEqual({ stdout: 'none 40 undefined', stderr: '', exitCode: undefined });
});

test.each([['--help'], ['-h'], ['apple', '-h'], ['a', 'b', '--help']])(
  'prints the usage for %s %s',
  async (...args) => {
    expect(await bake(...args)).toEqual({ stdout: usage, stderr: '', exitCode: 0 });
  },
);

test.each([
  [['--cold'], /^oneport: Unknown option '--cold'\. To specify a positional argument/],
  [['--minutes'], /^oneport: Option '--minutes <value>' argument missing/],
  [['apple', 'plum', 'pear'], /^oneport: unexpected argument: plum pear\n/],
])('rejects %j with a complaint and the usage', async (args, complaint) => {
  const { stdout, stderr, exitCode } = await bake(...args);
  expect({ stdout, exitCode }).toEqual({ stdout: '', exitCode: 2 });
  expect(stderr).toMatch(complaint);
  expect(stderr).toMatch(/\n\nUsage: npm run bake -- CAKE\n$/);
});

const failWith = (error: Error, startErrorCode?: number) =>
  result(
    runCli(
      {
        name: 'bake',
        usage,
        options: {},
        ...(startErrorCode === undefined ? {} : { startErrorCode }),
        run() {
          throw error;
        },
      },
      [],
    ),
  );

test('prints errors for people without a stack, with their exit code', async () => {
  expect(await failWith(new SetUpError('no oven', { advice: 'Buy one.', exitCode: 5 }))).toEqual({
    stdout: '',
    stderr: 'oneport: no oven\nBuy one.\n',
    exitCode: 5,
  });
  output.stderr = '';
  expect(await failWith(new StartError('no power'))).toMatchObject({
    stderr: 'oneport: no power\n',
    exitCode: 1,
  });
  expect(await failWith(new StartError('no power'), 2)).toMatchObject({ exitCode: 2 });
  output.stderr = '';
  expect(await failWith(new UsageError('--minutes x: expected a number'))).toMatchObject({
    stderr: `oneport: --minutes x: expected a number\n\n${usage}`,
    exitCode: 2,
  });
});

test('throws other errors', async () => {
  await expect(failWith(new TypeError('a bug'))).rejects.toThrow('a bug');
});

const kitchen = (...args: string[]) =>
  result(
    runCli(
      {
        name: 'kitchen',
        usage,
        commands: {
          bake: { options: { hot: { type: 'boolean' } }, run: ({ hot }) => (hot ? 7 : 0) },
          clean: { options: {}, positionals: 2, run: (_, rooms) => rooms.length },
        },
      },
      args,
    ),
  );

test('each command has options and operands of its own', async () => {
  expect(await kitchen('bake', '--hot')).toMatchObject({ exitCode: 7 });
  expect(await kitchen('clean', 'oven', 'table')).toMatchObject({ exitCode: 2, stderr: '' });
  expect(await kitchen('clean', '--hot')).toMatchObject({
    stderr: expect.stringContaining("Unknown option '--hot'"),
  });
  output.stderr = '';
  expect(await kitchen('bake', '--cold')).toMatchObject({
    stderr: `oneport: Unknown option '--cold'\n\n${usage}`,
  });
});

test.each([[[]], [['--help']], [['-h', 'bake']], [['bake', '--help']]])(
  'prints the usage of a program with commands for %j',
  async (args) => {
    expect(await kitchen(...args)).toEqual({ stdout: usage, stderr: '', exitCode: 0 });
  },
);

test.each(['cook', 'toString'])('rejects the unknown command %s', async (name) => {
  const { stderr, exitCode } = await kitchen(name);
  expect(stderr).toBe(`oneport: unknown command: kitchen ${name}\n\n${usage}`);
  expect(exitCode).toBe(2);
});
