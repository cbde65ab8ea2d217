import { expect, test } from 'vitest';
import { readOptions } from './options.ts';

test('this machine’s architecture has a worker, and another has none', () => {
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

test('tests and settings of the guest’s kernel', () => {
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
])('%j is refused', (args, message) => {
  expect(() => readOptions(args, 'x64')).toThrow(message);
});

test('a machine of another architecture has to say which', () => {
  expect(() => readOptions(['--suite', 'sid'], 'riscv64')).toThrow('--arch riscv64: expected');
});
