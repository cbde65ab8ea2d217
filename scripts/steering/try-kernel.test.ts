import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { parseCommand } from '../cli.ts';
import { exitCodeIn, guestInit } from './guest.ts';
import { readOptions as readParsed, tryKernelOptions } from './try-kernel.ts';

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

test('bash can parse the script of the guest, whatever the names of the tests are', () => {
  const script = guestInit({
    sysctls: [{ name: 'kernel.unprivileged_bpf_disabled', value: '0' }],
    tests: ["it's.test.ts"],
  });
  const { status, stderr } = spawnSync('bash', ['-n'], { input: script, encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(script).toContain('echo 0 > /proc/sys/kernel/unprivileged_bpf_disabled\n');
  expect(script).toContain(`'it'\\''s.test.ts'`);
});

test('reads the exit code from a serial console, whose lines end in CR LF', () => {
  expect(exitCodeIn('Tests 1 failed\r\noneport-guest: exit code 1\r\n[ 7.4] sysrq\r\n')).toBe(1);
  expect(exitCodeIn('oneport-guest: exit code 0\n')).toBe(0);
  expect(exitCodeIn('echo "oneport-guest: exit code 0"\r\nKernel panic')).toBeUndefined();
});
