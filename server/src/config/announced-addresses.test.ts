import { describe, expect, test } from 'vitest';
import {
  announcedAddressesSchema,
  assignAnnounced,
  listenIpsSchema,
} from './announced-addresses.ts';

describe('address lists', () => {
  test('are separated by commas and put into canonical form', () => {
    expect(listenIpsSchema.parse('127.0.0.1 , 0:0:0:0:0:0:0:1')).toEqual(['127.0.0.1', '::1']);
    expect(announcedAddressesSchema.parse('Media.Example.org,2001:DB8::0:7')).toEqual([
      'media.example.org',
      '2001:db8::7',
    ]);
  });

  test.each([
    ['10.0.0.1,', '"" is not an IPv4 or IPv6 address; separate several by commas'],
    ['10.0.0.1;10.0.0.2', '"10.0.0.1;10.0.0.2" is not an IPv4 or IPv6 address'],
    ['localhost', '"localhost" is not'],
    ['fe80::1%eth0', '"fe80::1%eth0" is not'],
    ['::1,10.0.0.1,0::1', '::1 is listed twice'],
    [Array.from({ length: 9 }, (_, i) => `10.0.0.${i}`).join(), 'expected at most 8 addresses'],
  ])('rejects %s as listening addresses', (text, message) => {
    expect(listenIpsSchema.safeParse(text).error?.issues[0]?.message).toContain(message);
  });

  test.each(['a b', '0.0.0.0', '0::0', '999.1.1.1', 'a..b', 'http://a.example', 'fe80::1%1'])(
    'rejects %s as an announced address',
    (text) => {
      expect(announcedAddressesSchema.safeParse(text).error?.issues[0]?.message).toContain(
        'is not an address or a hostname that browsers can connect to',
      );
    },
  );
});

describe('assignAnnounced', () => {
  test.each([
    { name: 'nothing announced', listen: ['10.0.0.1', '::1'], announced: [], expected: [] },
    {
      name: 'to the first address of the family',
      listen: ['10.0.0.1', '10.0.0.2', '::1'],
      announced: ['203.0.113.7', '2001:db8::7', '203.0.113.8'],
      expected: [
        ['10.0.0.1', '203.0.113.7', '203.0.113.8'],
        ['::1', '2001:db8::7'],
      ],
    },
    {
      name: 'to itself, if it is a listening address',
      listen: ['10.0.0.1', '10.0.0.2'],
      announced: ['10.0.0.2', '203.0.113.7'],
      expected: [
        ['10.0.0.2', '10.0.0.2'],
        ['10.0.0.1', '203.0.113.7'],
      ],
    },
    {
      name: 'a hostname to the first address',
      listen: ['::1', '10.0.0.1'],
      announced: ['media.example.org', '203.0.113.7'],
      expected: [
        ['::1', 'media.example.org'],
        ['10.0.0.1', '203.0.113.7'],
      ],
    },
    {
      name: 'a public and a LAN address to one listening address',
      listen: ['192.168.1.5', '127.0.0.1'],
      announced: ['203.0.113.7', '192.168.1.5'],
      expected: [['192.168.1.5', '203.0.113.7', '192.168.1.5']],
    },
    {
      name: 'in the order of the announced addresses',
      listen: ['0.0.0.0', '::'],
      announced: ['2001:db8::7', '203.0.113.7', '203.0.113.8'],
      expected: [
        ['::', '2001:db8::7'],
        ['0.0.0.0', '203.0.113.7', '203.0.113.8'],
      ],
    },
  ])(
    '$name; the remaining addresses announce themselves, last',
    ({ listen, announced, expected }) => {
      const { addresses, problems } = assignAnnounced(listen, announced);
      const others = listen.filter((ip) => !expected.some(([by]) => by === ip));
      expect(problems).toEqual([]);
      expect(addresses.map((one) => [one.ip, ...one.announced])).toEqual([
        ...expected,
        ...others.map((ip) => [ip, ip]),
      ]);
    },
  );

  test.each([
    [['0.0.0.0'], [], /0\.0\.0\.0 alone would put .* Add the IPv4 address/],
    [['::'], [], /:: alone would put .* Add the IPv6 address/],
    [['0.0.0.0', '::'], ['203.0.113.7'], /MEDIASOUP_LISTEN_IP=:: alone/],
    [['0.0.0.0', '::'], ['media.example.org'], /MEDIASOUP_LISTEN_IP=:: alone/],
    [
      ['10.0.0.1'],
      ['2001:db8::7'],
      /no listening address for 2001:db8::7. Add an IPv6 .* such as ::/,
    ],
    [
      ['::1'],
      ['203.0.113.7'],
      /no listening address for 203.0.113.7. Add an IPv4 .* as 0\.0\.0\.0/,
    ],
    [['0.0.0.0', '10.0.0.1'], ['203.0.113.7'], /0\.0\.0\.0 includes 10\.0\.0\.1: list one or/],
  ])('rejects listening on %j and announcing %j', (listen, announced, message) => {
    const { problems } = assignAnnounced(listen, announced);
    expect(problems).toEqual([expect.stringMatching(message)]);
  });

  test.each([
    [['0.0.0.0'], ['media.example.org']],
    [['0.0.0.0', '::1'], ['203.0.113.7']],
    [
      ['0.0.0.0', '::'],
      ['203.0.113.7', '2001:db8::7'],
    ],
  ])('accepts listening on %j and announcing %j', (listen, announced) => {
    expect(assignAnnounced(listen, announced).problems).toEqual([]);
  });
});
