import { expect, test } from 'vitest';
import { loadConfig } from './config.ts';
import { fitLimits, leavesFew } from './fit-limits.ts';

const { limits } = loadConfig({});
const fit = (openFiles: number | undefined, portMode: 'single-port' | 'shared-port') =>
  fitLimits(limits, { openFiles, numWorkers: 4, portMode });

test.each([
  ['single-port', 30_192],
  ['shared-port', 38_896],
] as const)('%s needs %i descriptors for the default limits', (portMode, enough) => {
  expect(fit(enough, portMode)).toBe(limits);
  expect(fit(undefined, portMode)).toBe(limits);
  expect(fit(enough - 1, portMode).http_connections).toBeLessThan(limits.http_connections);
});

test.each([256, 1_024, 4_096, 20_000])(
  'limits for %i descriptors leave some for workers, HTTP and media',
  (openFiles) => {
    const fitted = fit(openFiles, 'shared-port');
    const { http_connections: http, tcp_connections: media, tcp_pending: pending } = fitted;
    const used = 3 * http + 2 * media + pending;
    expect(used).toBeLessThanOrEqual(openFiles - 128 - 4 * 16);
    expect(used).toBeGreaterThan((openFiles - 192) * 0.9);
    expect(Math.min(http, media, pending)).toBeGreaterThan(0);
    expect(fitted.http_connections_per_address).toBeLessThanOrEqual(Math.max(1, http / 4));
    expect(fitted.tcp_connections_per_address).toBeLessThanOrEqual(Math.max(1, media / 4));
    expect(fitted).toMatchObject({ rooms: limits.rooms, worker_cpu: limits.worker_cpu });
  },
);

test.each([
  [20_000, 'single-port', false],
  [20_000, 'shared-port', false],
  [4_096, 'single-port', false],
  [4_096, 'shared-port', true],
  [1_024, 'single-port', true],
] as const)('%i descriptors in %s leave few connections: %s', (openFiles, portMode, few) => {
  const fitted = fit(openFiles, portMode);
  expect(fitted).not.toBe(limits);
  expect(leavesFew(limits, fitted)).toBe(few);
  // A limit that the operator has set as low is not lowered.
  expect(leavesFew(fitted, fitted)).toBe(false);
});

test('media and HTTP get the descriptors that the other does not need', () => {
  const shared = { numWorkers: 4, portMode: 'shared-port' as const };
  const fewMedia = { ...limits, tcp_connections: 3, tcp_pending: 512 };
  expect(fitLimits(fewMedia, { openFiles: 20_000, ...shared })).toEqual({
    ...fewMedia,
    http_connections: Math.floor((20_000 - 192 - 518) / 3),
  });
  const fewHttp = { ...limits, http_connections: 100 };
  expect(fitLimits(fewHttp, { openFiles: 4_096, ...shared })).toMatchObject({
    http_connections: 100,
    tcp_connections: Math.floor((4_096 * (4_096 - 192 - 300)) / 8_704),
  });
});

test('every limit stays at least 1 where there are no descriptors to spare', () => {
  const fitted = fit(64, 'shared-port');
  expect(fitted).toMatchObject({ http_connections: 1, tcp_connections: 1, tcp_pending: 1 });
  expect(fit(64, 'single-port').tcp_connections).toBe(limits.tcp_connections);
});
