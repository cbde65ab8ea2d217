import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { ephemeralPortWarning, parsePortList } from './ephemeral-ports.ts';

test("parses the kernel's list of ports", () => {
  expect(parsePortList('')).toEqual([]);
  expect(parsePortList('8080,9148-9150')).toEqual([
    [8080, 8080],
    [9148, 9150],
  ]);
});

test.runIf(process.platform === 'linux')(
  "warns only about this kernel's ephemeral ports",
  async () => {
    const range = await readFile('/proc/sys/net/ipv4/ip_local_port_range', 'utf8');
    const [low = 0] = range.trim().split(/\s+/).map(Number);
    expect(await ephemeralPortWarning(low - 2, low - 1)).toBeUndefined();
    expect(await ephemeralPortWarning(low - 1, low)).toContain('ip_local_reserved_ports');
  },
);
