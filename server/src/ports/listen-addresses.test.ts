import { expect, test } from 'vitest';
import { resolveListenAddresses } from './listen-addresses.ts';

test('a given address is the only one, and is announced as asked', async () => {
  expect(
    await resolveListenAddresses({ listenIp: '127.0.0.2', announcedAddress: undefined }),
  ).toEqual([{ ip: '127.0.0.2' }]);
  expect(
    await resolveListenAddresses({ listenIp: '0.0.0.0', announcedAddress: '203.0.113.7' }),
  ).toEqual([{ ip: '0.0.0.0', announcedAddress: '203.0.113.7' }]);
});

test('one that is not of this machine is refused, with the setting that was meant', async () => {
  const resolving = resolveListenAddresses({ listenIp: '192.0.2.1', announcedAddress: undefined });
  await expect(resolving).rejects.toThrow(/MEDIASOUP_LISTEN_IP=192.0.2.1.*ANNOUNCED_ADDRESS/);
});

test('without one, loopback is always there, and is the last choice', async () => {
  const addresses = await resolveListenAddresses({
    listenIp: undefined,
    announcedAddress: undefined,
  });
  expect(addresses.at(-1)).toEqual({ ip: '127.0.0.1' });
  expect(new Set(addresses.map(({ ip }) => ip)).size).toBe(addresses.length);
});
