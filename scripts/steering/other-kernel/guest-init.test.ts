import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { exitCodeIn, guestInit } from './guest-init.ts';

test('the script is one that bash can read, whatever the tests are called', () => {
  const script = guestInit({
    sysctls: [{ name: 'kernel.unprivileged_bpf_disabled', value: '0' }],
    tests: ["it's.test.ts"],
  });
  const { status, stderr } = spawnSync('bash', ['-n'], { input: script, encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(script).toContain('echo 0 > /proc/sys/kernel/unprivileged_bpf_disabled\n');
  expect(script).toContain(`'it'\\''s.test.ts'`);
});

test('the exit code comes over a serial console, whose lines end in CR LF', () => {
  expect(exitCodeIn('Tests 1 failed\r\noneport-guest: exit code 1\r\n[ 7.4] sysrq\r\n')).toBe(1);
  expect(exitCodeIn('oneport-guest: exit code 0\n')).toBe(0);
  expect(exitCodeIn('echo "oneport-guest: exit code 0"\r\nKernel panic')).toBeUndefined();
});
