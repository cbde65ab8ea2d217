import type { Claim } from './judge.ts';

const reusePort39 = 'SO_REUSEPORT: Linux 3.9 (April 2013), socket(7).';

/**
 * Every sentence of the last section of the document on mediasoup's single port, in its order. Only its two links are
 * missing, because they claim nothing.
 */
export const claims: readonly Claim[] = [
  {
    id: 'udp-beside-tcp',
    english: 'Can TCP and UDP use the same port? Yes.',
    chinese: 'tcp和udp可以用同一端口吗？ 可以',
    evidence: [
      ['udp-beside-tcp', 'none', 'IPv4', 'OK', 'IPv4'],
      ['udp-beside-tcp', 'none', 'IPv6', 'OK', 'IPv6'],
    ],
    since:
      'Always: each protocol has ports of its own (RFC 768, RFC 9293), and the kernel has a table for each.',
  },
  {
    id: 'two-tcp',
    english: 'Can two TCP sockets? Yes, with reuse.',
    chinese: '两个tcp可以吗？ 可以，需要reuse。',
    evidence: [
      ['two-tcp-ipv4', 'none', 'none', 'refused'],
      ['two-tcp-ipv4', 'SO_REUSEADDR', 'SO_REUSEADDR', 'both bound'],
      ['two-tcp-ipv4', 'SO_REUSEPORT', 'SO_REUSEPORT', 'both bound'],
    ],
    since: `${reusePort39} SO_REUSEADDR is refused while a socket listens there (also socket(7)).`,
  },
  {
    id: 'nginx',
    english: 'nginx does it that way (two TCP sockets, with reuse).',
    chinese: 'nginx就是那样的。',
    evidence: [
      ['herd', 'one listener, epoll', 'accepted', 'it needs reuse', 'one listener, accepted'],
      ['herd', 'SO_REUSEPORT, poll()', 'accepted', 'it works', 'SO_REUSEPORT, accepted'],
    ],
    since:
      'nginx workers have always inherited one listener, which needs no option; `listen ... reuseport` gives each ' +
      'worker its own since 1.9.1 (2015, its changes file).',
  },
  {
    id: 'thundering-herd',
    english: 'But a thundering herd may appear.',
    chinese: '但可能出现惊群现象。',
    evidence: [
      ['herd', 'one listener, poll()', 'for nothing', 'wake-ups for nothing'],
      ['herd', 'one listener, epoll', 'for nothing', 'wake-ups for nothing'],
      ['herd', 'SO_REUSEPORT, poll()', 'for nothing', 'wake-ups for nothing'],
      ['herd', 'one listener, EPOLLEXCLUSIVE', 'for nothing'],
      ['herd', 'one listener, accept()', 'for nothing'],
    ],
    since:
      'The herd comes from polling a shared listener, not from reuse. accept() alone woke all processes up to ' +
      'Linux 2.2.9 (CITI, "Accept() scalability on Linux"). EPOLLEXCLUSIVE: Linux 4.5, epoll_ctl(2); nginx sets ' +
      'it since 1.11.3.',
  },
  {
    id: 'two-udp',
    english: 'Can two UDP sockets? Not tested, but with reuse they should.',
    chinese: '两个upd可以吗？没测试，但reuse模式应该可以，',
    evidence: [
      ['two-udp-ipv4', 'none', 'none', 'refused'],
      ['two-udp-ipv4', 'SO_REUSEADDR', 'SO_REUSEADDR', 'both bound'],
      ['two-udp-ipv4', 'SO_REUSEPORT', 'SO_REUSEPORT', 'both bound'],
    ],
    since: `SO_REUSEADDR: always on Linux, if both set it (socket(7), notes). ${reusePort39}`,
  },
  {
    id: 'one-process-receives',
    english: 'But only one process can receive packets.',
    chinese: '但只有一个进程能收到包。',
    evidence: [
      ['two-udp-ipv4', 'SO_REUSEADDR', 'SO_REUSEADDR', 'one gets all'],
      ['two-udp-ipv4', 'SO_REUSEPORT', 'SO_REUSEPORT', 'one gets all'],
    ],
    since: reusePort39,
  },
  {
    id: 'create-webrtc-transport',
    english: 'createWebRtcTransport must first be told: TCP or UDP.',
    chinese: 'mediasoup createWebRtcTransport的时候 要先告诉服务端用tcp还是udp',
    evidence: [
      ['webrtc-transport', 'nothing', 'candidates', 'TypeError', 'told nothing at all'],
      [
        'webrtc-transport',
        'listenInfos: udp',
        'STUN over TCP',
        'refused',
        'told UDP, asked over TCP',
      ],
      ['webrtc-transport', 'listenInfos: udp, tcp', 'candidates', 'one of the two', 'told both'],
      ['webrtc-transport', 'webRtcServer', 'candidates', 'one of the two', 'told a WebRtcServer'],
    ],
    since:
      'A transport listens to what it is created with. That may be both, and then the browser chooses. ' +
      'With a WebRtcServer (mediasoup 3.10.0) both is the default: enableUdp and enableTcp in Router.js of 3.27.1.',
  },
  {
    id: 'scope',
    english: 'Only AF_INET is considered.',
    chinese: '只考虑AF_INET的情况',
    evidence: [
      ['two-udp-ipv6', 'SO_REUSEADDR', 'SO_REUSEADDR', '', 'IPv6, SO_REUSEADDR'],
      ['two-udp-ipv6', 'SO_REUSEPORT', 'SO_REUSEPORT', '', 'IPv6, SO_REUSEPORT'],
      ['two-udp-ipv4', 'SO_REUSEADDR', 'both', '', 'IPv4, SO_REUSEADDR then both'],
      ['two-udp-ipv6', 'SO_REUSEADDR', 'both', '', 'IPv6, SO_REUSEADDR then both'],
    ],
    since:
      'IPv6 behaves as IPv4 except for one mixture: since Linux 4.6 IPv6 sockets with SO_REUSEPORT go to the end of ' +
      'the list (commit d894ba18d4e4).',
  },
  {
    id: 'same-port',
    english: 'The same port: address and port number are the same.',
    chinese: '（同一端口指ip地址与端口号都相同）',
    evidence: [
      ['wildcard', 'none', 'two specific', 'both bound', 'two specific, no option'],
      ['wildcard', 'none', 'IPv4', 'both bound', 'wildcard, specific, no option'],
      ['wildcard', 'SO_REUSEPORT', 'IPv4', '', 'wildcard, specific, SO_REUSEPORT'],
    ],
    since:
      'Always: the wildcard is every address, so it conflicts with each (socket(7), SO_REUSEADDR).',
  },
  {
    id: 'freebsd-options',
    english: 'FreeBSD supports SO_REUSEPORT and SO_REUSEADDR.',
    chinese: 'freebsd支持SO_REUSEPORT和SO_REUSEADDR选项,',
    since: '4.4BSD. SO_REUSEPORT_LB, which spreads: FreeBSD 12.0 (2018), setsockopt(2) of FreeBSD.',
  },
  {
    id: 'linux-options',
    english: 'Linux supports SO_REUSEADDR only.',
    chinese: '而linux只支持SO_REUSEADDR选项。',
    evidence: [
      ['options', 'SO_REUSEPORT', 'UDP', 'ENOPROTOOPT', 'SO_REUSEPORT, UDP'],
      ['options', 'SO_REUSEPORT', 'TCP', 'ENOPROTOOPT', 'SO_REUSEPORT, TCP'],
    ],
    since: `The sentence is older. ${reusePort39}`,
  },
  {
    id: 'freebsd-two-tcp',
    english: 'FreeBSD: with SO_REUSEPORT two TCP sockets can have one port.',
    chinese: 'freebsd下,使用SO_REUSEPORT选项，两个tcp的socket可以绑定同一个端口；',
    since: '4.4BSD, setsockopt(2).',
  },
  {
    id: 'freebsd-two-udp',
    english: 'FreeBSD: with SO_REUSEPORT two UDP sockets can, too.',
    chinese: '同样，使用SO_REUSEPORT选项，两个udp的socket可以绑定同一个端口。',
    since: '4.4BSD, setsockopt(2).',
  },
  {
    id: 'linux-two-tcp',
    english: 'Linux: two TCP sockets can not be bound to one port.',
    chinese: 'linux下，两个tcp的socket不能绑定同一个端口；',
    evidence: [
      ['two-tcp-ipv4', 'none', 'none', 'refused'],
      [
        'two-tcp-ipv4',
        'SO_REUSEADDR',
        'SO_REUSEADDR',
        'refused',
        'SO_REUSEADDR, the first listens',
      ],
      ['listen-late', 'SO_REUSEADDR', 'bind second', 'refused', 'SO_REUSEADDR, neither listens'],
      ['two-tcp-ipv4', 'SO_REUSEPORT', 'SO_REUSEPORT', 'refused'],
    ],
    since: `${reusePort39} With SO_REUSEADDR two can be bound, but only one of them can listen.`,
  },
  {
    id: 'linux-two-udp',
    english: 'Linux: with SO_REUSEADDR two UDP sockets can.',
    chinese: '而如果使用SO_REUSEADDR选项，两个udp的socket可以绑定同一个端口。',
    evidence: [
      ['two-udp-ipv4', 'SO_REUSEADDR', 'SO_REUSEADDR', 'both bound'],
      ['two-udp-ipv4', 'none', 'none', 'refused'],
    ],
    since: 'Both must set it. On FreeBSD the later one is enough (socket(7), notes).',
  },
  {
    id: 'freebsd-tcp-first',
    english: 'FreeBSD: of two TCP sockets only the first gets data.',
    chinese: 'freebsd下，两个tcp的socket绑定同一端口，只有第一个socket获得数据。',
    since: 'Unknown to us. SO_REUSEPORT_LB spreads since FreeBSD 12.0, setsockopt(2) of FreeBSD.',
  },
  {
    id: 'freebsd-udp-unicast',
    english: 'FreeBSD: of two UDP sockets the first gets all unicast.',
    chinese: 'freebsd下，两个udp的socket……单播地址，则只有第一个socket获得数据，',
    since:
      'Unknown to us; libuv says "the last" of the BSD systems (its commit 3d2c820a). SO_REUSEPORT_LB spreads ' +
      'since FreeBSD 12.0.',
  },
  {
    id: 'freebsd-udp-multicast',
    english: 'FreeBSD: both get the same multicast datagrams.',
    chinese: '而如果数据包的目的地址是多播地址，则两个socket同时获得相同的数据。',
    since: '4.4BSD: the option was made for this, setsockopt(2).',
  },
  {
    id: 'linux-udp-unicast',
    english: 'Linux: of two UDP sockets the last gets all unicast.',
    chinese: 'linux下,两个udp的socket……单播地址，则只有最后一个socket获得数据，',
    evidence: [
      ['two-udp-ipv4', 'SO_REUSEADDR', 'SO_REUSEADDR', 'last'],
      ['two-udp-ipv4', 'SO_REUSEPORT', 'SO_REUSEPORT', 'last'],
    ],
    since: `A new socket goes to the head of the list, and the first that matches gets the datagram. ${reusePort39}`,
  },
  {
    id: 'linux-udp-multicast',
    english: 'Linux: both get the same multicast datagrams.',
    chinese: '而如果数据包的目的地址是多播地址，则两个socket同时获得相同的数据。',
    evidence: [
      ['multicast', 'SO_REUSEADDR', '0.0.0.0', 'each'],
      ['multicast', 'SO_REUSEPORT', '0.0.0.0', 'each'],
    ],
    since:
      'Always: a multicast datagram goes to every socket that matches, whichever option lets it share the port.',
  },
];
