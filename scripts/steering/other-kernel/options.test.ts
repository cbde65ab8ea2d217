import { expect, test } from 'vitest';
import { parseCommand } from '../../cli.ts';
import { readOptions as readParsed, tryKernelOptions } from './options.ts';

const command = { options: tryKernelOptions, positionals: Number.POSITIVE_INFINITY };

function readOptions(args: string[], machine: string) {
  const { values, positionals } = parseCommand(command, args);
  return readParsed(values, positionals, machine);
}

test('expects a worker for this machine’s architecture only', () => {
  expect(readOptions(['--suite', 'bullseye'], 'x64')).toMatchObject({
    ...{ suite: 'bullseye', architecture: 'amd64', hasWorker: true, sysctls: [] },
    tests: ['server/src/ports/shared-port/steering'],
  });
  const arm = readOptions(['--suite', 'bookworm', '--arch', 'arm64'], 'x64');
  expect(arm).toMatchObject({ architecture: 'arm64', hasWorker: false });
  expect(arm.tests).toContain('server/src/ports/shared-port/steering/without-worker.test.ts');
  expect(arm.tests).not.toContain('server/src/ports/shared-port/steering');
  expect(readOptions(['--suite', 'bookworm'], 'arm64').hasWorker).toBe(true);
});

test('reads the tests and the guest’s sysctls', () => {
  const args = ['--suite', 'trixie', '--sysctl', 'kernel.yama.ptrace_scope=2', 'a.test.ts', 'b'];
  expect(readOptions(args, 'x64')).toMatchObject({
    sysctls: [{ name: 'kernel.yama.ptrace_scope', value: '2' }],
    tests: ['a.test.ts', 'b'],
  });
});

test.each([
  [[], '--suite : expected'],
  [['--suite', '../x'], '--suite ../x: expected'],
  [['--suite', 'sid', '--arch', 'riscv64'], '--arch riscv64: expected amd64, arm64'],
  [['--suite', 'sid', '--sysctl', 'a=1; reboot'], '--sysctl a=1; reboot: expected'],
  [['--suite', 'sid', '--fast'], "Unknown option '--fast'"],
])('rejects %j', (args, message) => {
  expect(() => readOptions(args, 'x64')).toThrow(message);
});

test('needs --arch on a machine of another architecture', () => {
  expect(() => readOptions(['--suite', 'sid'], 'riscv64')).toThrow('--arch riscv64: expected');
});
