import { execFile, execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, expect, test } from 'vitest';
import { obstacleToSteering } from '../../../testkit/servers/shared-port.ts';
import { makeNetworkNamespace } from '../../../testkit/system/network-namespaces.ts';
import { resolveListenAddresses } from './listen-addresses.ts';

const listenAddresses = new URL('listen-addresses.ts', import.meta.url).href;
const goneServer = fileURLToPath(
  new URL('../../../testkit/servers/address-gone-server.ts', import.meta.url),
);

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

const namespace = makeNetworkNamespace('10.77.0.1');

if (typeof namespace === 'string') {
  test.skip(`without MEDIASOUP_LISTEN_IP (${namespace})`);
} else {
  const { name, address, address6, remove } = namespace;
  afterAll(() => remove());

  const ip = (command: string) => execFileSync('ip', ['-n', name, ...command.split(' ')]);
  const node = async (...args: string[]) => {
    const command = ['netns', 'exec', name, process.execPath, ...args];
    const { stdout } = await promisify(execFile)('ip', command);
    return JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
  };
  const listenIps = () =>
    node(
      '--input-type=module',
      '-e',
      `const { resolveListenAddresses } = await import(${JSON.stringify(listenAddresses)});
       const found = await resolveListenAddresses({ listenIps: [], announcedAddresses: [] });
       console.log(JSON.stringify(found.map(({ ip }) => ip)));`,
    );

  test.each(['true', 'false', ...(obstacleToSteering() ? [] : ['shared'])])(
    'a worker and its peers use the other address when one is gone: MEDIASOUP_USE_WEBRTC_SERVER=%s',
    async (useWebRtcServer) => {
      expect(await node(goneServer, useWebRtcServer, address)).toEqual({
        before: [address, '127.0.0.1'],
        after: ['127.0.0.1'],
        result: 'success',
      });
    },
  );

  test('without an IPv4 default route, media is received at the address of the LAN', async () => {
    expect(await listenIps()).toEqual([address, '127.0.0.1']);
    ip('route delete default');
    expect(await listenIps()).toEqual([address, '127.0.0.1']);
  });

  test('an IPv6 default route counts if there is none of IPv4', async () => {
    ip('-6 route add default via fd00:77::2 dev media0');
    expect(await listenIps()).toEqual([address6, '127.0.0.1']);
    ip(`address delete ${address}/24 dev media0`);
    expect(await listenIps()).toEqual([address6, '127.0.0.1']);
    ip('-6 route delete default');
    expect(await listenIps()).toEqual([address6, '127.0.0.1']);
  });

  test('a link-local address counts only if it is of IPv4', async () => {
    ip(`address delete ${address6}/64 dev media0`);
    ip('address add fe80::7/64 dev media0 nodad');
    ip('-6 route add default via fe80::8 dev media0');
    expect(await listenIps()).toEqual(['127.0.0.1']);
    ip('address add 169.254.7.7/16 dev media0');
    expect(await listenIps()).toEqual(['169.254.7.7', '127.0.0.1']);
  });
}
