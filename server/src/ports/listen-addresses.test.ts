import { expect, test } from 'vitest';
import { resolveListenAddresses } from './listen-addresses.ts';

test('uses only the configured addresses, and announces them as configured', async () => {
  expect(
    await resolveListenAddresses({ listenIps: ['127.0.0.2'], announcedAddresses: [] }),
  ).toEqual([{ ip: '127.0.0.2', announced: ['127.0.0.2'] }]);
  expect(
    await resolveListenAddresses({
      listenIps: ['0.0.0.0', '::'],
      announcedAddresses: ['203.0.113.7', '2001:db8::7'],
    }),
  ).toEqual([
    { ip: '0.0.0.0', announced: ['203.0.113.7'] },
    { ip: '::', announced: ['2001:db8::7'] },
  ]);
});

test('rejects an address of another machine, and names the setting for it', async () => {
  const resolving = resolveListenAddresses({
    listenIps: ['127.0.0.1', '192.0.2.1'],
    announcedAddresses: [],
  });
  await expect(resolving).rejects.toThrow(/MEDIASOUP_LISTEN_IP=192.0.2.1.*ANNOUNCED_ADDRESS/);
});

test('always listens on loopback by default, as the last choice', async () => {
  const addresses = await resolveListenAddresses({ listenIps: [], announcedAddresses: [] });
  expect(addresses.at(-1)).toEqual({ ip: '127.0.0.1', announced: ['127.0.0.1'] });
  expect(new Set(addresses.map(({ ip }) => ip)).size).toBe(addresses.length);
});
