import type { Claim, Evidence, Expectation } from './claim.ts';

/** What a claim can expect of a cell. */
const isError = (cell: string) => /^E[A-Z]+$/.test(cell);
const is = (words: string): Expectation => ({ words, isMet: (cell) => cell === words });
const bothAreBound: Expectation = { words: 'both bound', isMet: (cell) => !isError(cell) };
const isRefused: Expectation = { words: 'refused', isMet: isError };
const oneGetsAll: Expectation = {
  words: 'one gets all',
  isMet: (cell) => cell === 'first' || cell === 'last',
};
const someForNothing: Expectation = {
  words: 'wake-ups for nothing',
  isMet: (cell) => Number(cell) > 0,
};

/** Two sockets with the same option. */
function pair(table: string, option: string, says?: Expectation, label?: string): Evidence {
  return { table, row: option, column: option, says, label };
}

const reusePort39 = 'SO_REUSEPORT: Linux 3.9 (April 2013), socket(7).';

/**
 * Every sentence of the last section of the document on mediasoup's single port, in its order. What is missing is
 * what claims nothing: two links.
 */
export const claims: readonly Claim[] = [
  {
    id: 'udp-beside-tcp',
    chinese: 'tcp和udp可以用同一端口吗？ 可以',
    english: 'Can TCP and UDP use the same port? Yes.',
    evidence: [
      { table: 'udp-beside-tcp', row: 'none', column: 'IPv4', label: 'IPv4', says: is('OK') },
      { table: 'udp-beside-tcp', row: 'none', column: 'IPv6', label: 'IPv6', says: is('OK') },
    ],
    since:
      'Always: each protocol has ports of its own (RFC 768, RFC 9293), and the kernel a table for each.',
  },
  {
    id: 'two-tcp',
    chinese: '两个tcp可以吗？ 可以，需要reuse。',
    english: 'Can two TCP sockets? Yes, with reuse.',
    evidence: [
      pair('two-tcp-ipv4', 'none', isRefused),
      pair('two-tcp-ipv4', 'SO_REUSEADDR', bothAreBound),
      pair('two-tcp-ipv4', 'SO_REUSEPORT', bothAreBound),
    ],
    since: `${reusePort39} SO_REUSEADDR is refused while a socket listens there, also by socket(7).`,
  },
  {
    id: 'nginx',
    chinese: 'nginx就是那样的。',
    english: 'nginx does it that way (two TCP sockets, with reuse).',
    evidence: [
      {
        table: 'herd',
        row: 'one listener, epoll',
        column: 'accepted',
        label: 'one inherited listener without an option, accepted',
        says: { words: 'it needs reuse', isMet: (cell) => cell === '0' },
      },
      {
        table: 'herd',
        row: 'SO_REUSEPORT, poll()',
        column: 'accepted',
        label: 'a listener each with SO_REUSEPORT, accepted',
        says: { words: 'it works', isMet: (cell) => Number(cell) > 0 },
      },
    ],
    since:
      'nginx has always let its workers inherit one listener, which takes no option; `listen ... reuseport` gives ' +
      'each its own since 1.9.1 (2015, its changes file).',
  },
  {
    id: 'thundering-herd',
    chinese: '但可能出现惊群现象。',
    english: 'But a thundering herd may appear.',
    evidence: [
      ...['one listener, poll()', 'one listener, epoll', 'SO_REUSEPORT, poll()'].map((row) => ({
        table: 'herd',
        row,
        column: 'for nothing',
        says: someForNothing,
      })),
      { table: 'herd', row: 'one listener, EPOLLEXCLUSIVE', column: 'for nothing' },
      { table: 'herd', row: 'one listener, accept()', column: 'for nothing' },
    ],
    since:
      'The herd is the shared listener that is polled, not reuse. accept() alone woke all up to ' +
      'Linux 2.2.9 (CITI, "Accept() scalability on Linux"). EPOLLEXCLUSIVE: Linux 4.5, epoll_ctl(2); nginx sets ' +
      'it since 1.11.3.',
  },
  {
    id: 'two-udp',
    chinese: '两个upd可以吗？没测试，但reuse模式应该可以，',
    english: 'Can two UDP sockets? Not tested, but with reuse they should.',
    evidence: [
      pair('two-udp-ipv4', 'none', isRefused),
      pair('two-udp-ipv4', 'SO_REUSEADDR', bothAreBound),
      pair('two-udp-ipv4', 'SO_REUSEPORT', bothAreBound),
    ],
    since: `SO_REUSEADDR: always in Linux, if both set it (socket(7), notes). ${reusePort39}`,
  },
  {
    id: 'one-process-receives',
    chinese: '但只有一个进程能收到包。',
    english: 'But only one process can receive packets.',
    evidence: [
      pair('two-udp-ipv4', 'SO_REUSEADDR', oneGetsAll),
      pair('two-udp-ipv4', 'SO_REUSEPORT', oneGetsAll),
    ],
    since: reusePort39,
  },
  {
    id: 'create-webrtc-transport',
    chinese: 'mediasoup createWebRtcTransport的时候 要先告诉服务端用tcp还是udp',
    english: 'createWebRtcTransport must first be told: TCP or UDP.',
    evidence: [
      {
        table: 'webrtc-transport',
        row: 'nothing',
        column: 'candidates',
        label: 'told nothing at all',
        says: is('TypeError'),
      },
      {
        table: 'webrtc-transport',
        row: 'listenInfos: udp',
        column: 'STUN over TCP',
        label: 'told UDP, then asked over TCP',
        says: is('refused'),
      },
      {
        table: 'webrtc-transport',
        row: 'listenInfos: udp, tcp',
        column: 'candidates',
        label: 'told both, candidates',
        says: { words: 'one of the two', isMet: (cell) => cell === 'udp' || cell === 'tcp' },
      },
      {
        table: 'webrtc-transport',
        row: 'webRtcServer',
        column: 'candidates',
        label: 'told a WebRtcServer only, candidates',
        says: { words: 'one of the two', isMet: (cell) => cell === 'udp' || cell === 'tcp' },
      },
    ],
    since:
      'What is listened to is fixed when the transport is made, but it may be both, and then the browser chooses. ' +
      'With a WebRtcServer (mediasoup 3.10.0) both is the default: enableUdp and enableTcp in Router.js of 3.27.1.',
  },
  {
    id: 'scope',
    chinese: '只考虑AF_INET的情况',
    english: 'Only AF_INET is considered.',
    evidence: [
      pair('two-udp-ipv6', 'SO_REUSEADDR', undefined, 'IPv6, SO_REUSEADDR'),
      pair('two-udp-ipv6', 'SO_REUSEPORT', undefined, 'IPv6, SO_REUSEPORT'),
      {
        table: 'two-udp-ipv4',
        row: 'SO_REUSEADDR',
        column: 'both',
        label: 'IPv4, SO_REUSEADDR then both',
      },
      {
        table: 'two-udp-ipv6',
        row: 'SO_REUSEADDR',
        column: 'both',
        label: 'IPv6, SO_REUSEADDR then both',
      },
    ],
    since:
      'IPv6 does as IPv4, but for one mixture: since Linux 4.6 IPv6 sockets with SO_REUSEPORT go to the end of the ' +
      'list (commit d894ba18d4e4).',
  },
  {
    id: 'same-port',
    chinese: '（同一端口指ip地址与端口号都相同）',
    english: 'The same port: address and port number are the same.',
    evidence: [
      {
        table: 'wildcard',
        row: 'none',
        column: 'two specific',
        label: 'two specific addresses, no option',
        says: bothAreBound,
      },
      {
        table: 'wildcard',
        row: 'none',
        column: 'IPv4',
        label: 'wildcard and specific, no option',
        says: bothAreBound,
      },
      {
        table: 'wildcard',
        row: 'SO_REUSEPORT',
        column: 'IPv4',
        label: 'wildcard and specific, SO_REUSEPORT',
      },
    ],
    since:
      'Always: the wildcard is every address, so it conflicts with each (socket(7), SO_REUSEADDR).',
  },
  {
    id: 'freebsd-options',
    chinese: 'freebsd支持SO_REUSEPORT和SO_REUSEADDR选项,',
    english: 'FreeBSD supports SO_REUSEPORT and SO_REUSEADDR.',
    system: 'freebsd',
    evidence: [
      { table: 'options', row: 'SO_REUSEPORT', column: 'UDP', says: is('OK') },
      { table: 'options', row: 'SO_REUSEADDR', column: 'UDP', says: is('OK') },
    ],
    since: '4.4BSD. SO_REUSEPORT_LB, which spreads: FreeBSD 12.0 (2018), setsockopt(2) there.',
  },
  {
    id: 'linux-options',
    chinese: '而linux只支持SO_REUSEADDR选项。',
    english: 'Linux supports SO_REUSEADDR only.',
    system: 'linux',
    evidence: [
      {
        table: 'options',
        row: 'SO_REUSEPORT',
        column: 'UDP',
        label: 'SO_REUSEPORT, UDP',
        says: is('ENOPROTOOPT'),
      },
      {
        table: 'options',
        row: 'SO_REUSEPORT',
        column: 'TCP',
        label: 'SO_REUSEPORT, TCP',
        says: is('ENOPROTOOPT'),
      },
    ],
    since: `The sentence is from before that. ${reusePort39}`,
  },
  {
    id: 'freebsd-two-tcp',
    chinese: 'freebsd下,使用SO_REUSEPORT选项，两个tcp的socket可以绑定同一个端口；',
    english: 'FreeBSD: with SO_REUSEPORT two TCP sockets can have one port.',
    system: 'freebsd',
    evidence: [pair('two-tcp-ipv4', 'SO_REUSEPORT', bothAreBound)],
    since: '4.4BSD, setsockopt(2).',
  },
  {
    id: 'freebsd-two-udp',
    chinese: '同样，使用SO_REUSEPORT选项，两个udp的socket可以绑定同一个端口。',
    english: 'FreeBSD: with SO_REUSEPORT so can two UDP sockets.',
    system: 'freebsd',
    evidence: [pair('two-udp-ipv4', 'SO_REUSEPORT', bothAreBound)],
    since: '4.4BSD, setsockopt(2).',
  },
  {
    id: 'linux-two-tcp',
    chinese: 'linux下，两个tcp的socket不能绑定同一个端口；',
    english: 'Linux: two TCP sockets can not be bound to one port.',
    system: 'linux',
    evidence: [
      pair('two-tcp-ipv4', 'none', isRefused),
      pair('two-tcp-ipv4', 'SO_REUSEADDR', isRefused, 'SO_REUSEADDR, the first listens'),
      {
        table: 'listen-late',
        row: 'SO_REUSEADDR',
        column: 'bind second',
        label: 'SO_REUSEADDR, nobody listens yet',
        says: isRefused,
      },
      pair('two-tcp-ipv4', 'SO_REUSEPORT', isRefused),
    ],
    since: `${reusePort39} By SO_REUSEADDR two can be bound, but only one of them can listen.`,
  },
  {
    id: 'linux-two-udp',
    chinese: '而如果使用SO_REUSEADDR选项，两个udp的socket可以绑定同一个端口。',
    english: 'Linux: with SO_REUSEADDR two UDP sockets can.',
    system: 'linux',
    evidence: [
      pair('two-udp-ipv4', 'SO_REUSEADDR', bothAreBound),
      pair('two-udp-ipv4', 'none', isRefused),
    ],
    since: 'Both must set it, unlike in FreeBSD, where the later one is enough (socket(7), notes).',
  },
  {
    id: 'freebsd-tcp-first',
    chinese: 'freebsd下，两个tcp的socket绑定同一端口，只有第一个socket获得数据。',
    english: 'FreeBSD: of two TCP sockets only the first gets data.',
    system: 'freebsd',
    evidence: [pair('two-tcp-ipv4', 'SO_REUSEPORT', is('first'))],
    since: 'Not known to us. SO_REUSEPORT_LB spreads since FreeBSD 12.0, setsockopt(2) there.',
  },
  {
    id: 'freebsd-udp-unicast',
    chinese: 'freebsd下，两个udp的socket……单播地址，则只有第一个socket获得数据，',
    english: 'FreeBSD: of two UDP sockets the first gets all unicast.',
    system: 'freebsd',
    evidence: [pair('two-udp-ipv4', 'SO_REUSEPORT', is('first'))],
    since:
      'Not known to us; libuv says "the last" of the BSD systems (its commit 3d2c820a). SO_REUSEPORT_LB spreads ' +
      'since FreeBSD 12.0.',
  },
  {
    id: 'freebsd-udp-multicast',
    chinese: '而如果数据包的目的地址是多播地址，则两个socket同时获得相同的数据。',
    english: 'FreeBSD: both get the same multicast datagrams.',
    system: 'freebsd',
    evidence: [{ table: 'multicast', row: 'SO_REUSEPORT', column: '0.0.0.0', says: is('each') }],
    since: '4.4BSD: it is what the option was made for, setsockopt(2).',
  },
  {
    id: 'linux-udp-unicast',
    chinese: 'linux下,两个udp的socket……单播地址，则只有最后一个socket获得数据，',
    english: 'Linux: of two UDP sockets the last gets all unicast.',
    system: 'linux',
    evidence: [
      pair('two-udp-ipv4', 'SO_REUSEADDR', is('last')),
      pair('two-udp-ipv4', 'SO_REUSEPORT', is('last')),
    ],
    since: `A new socket goes to the head of the list, and the first that matches gets the datagram. ${reusePort39}`,
  },
  {
    id: 'linux-udp-multicast',
    chinese: '而如果数据包的目的地址是多播地址，则两个socket同时获得相同的数据。',
    english: 'Linux: both get the same multicast datagrams.',
    system: 'linux',
    evidence: [
      { table: 'multicast', row: 'SO_REUSEADDR', column: '0.0.0.0', says: is('each') },
      { table: 'multicast', row: 'SO_REUSEPORT', column: '0.0.0.0', says: is('each') },
    ],
    since:
      'Always: a multicast datagram goes to every socket that matches, by whatever option it shares the port.',
  },
];
