import { libcFunction } from '../../server/src/net/libc.ts';

const libcSetsockopt = libcFunction('int setsockopt(int, int, int, void *, uint32_t)');
const libcSocket = libcFunction('int socket(int, int, int)');
const libcConnect = libcFunction('int connect(int, void *, uint32_t)');
const libcSend = libcFunction('int64_t send(int, void *, size_t, int)');
const libcClose = libcFunction('int close(int)');

const [AF_INET, SOCK_DGRAM, SOCK_CLOEXEC] = [2, 2, 0o2000000];
const [IPPROTO_IP, IP_OPTIONS] = [0, 4];
const [SOL_SOCKET, SO_ZEROCOPY, MSG_ZEROCOPY] = [1, 60, 0x4000000];

/**
 * Sends datagrams from one new port with options in their IPv4 headers (ip(7), IP_OPTIONS), so that what
 * follows the header begins at another offset than usual. The options have no meaning (RFC 791: No Operation).
 *
 * @param port - at 127.0.0.1, 1 to 65535
 * @throws SystemCallError
 */
export function sendWithOptions(port: number, datagrams: Buffer[]): void {
  const options = Buffer.from([1, 1, 1, 1, 1, 1, 1, 0]);
  send(port, datagrams, { level: IPPROTO_IP, option: IP_OPTIONS, value: options, flags: 0 });
}

/**
 * Sends datagrams from one new port, each with what follows its UDP header in pages of their own, as many
 * network cards leave it. Linux sends this way what it doesn't copy (MSG_ZEROCOPY, from 5.0 on for UDP).
 *
 * @param port - at 127.0.0.1, 1 to 65535
 * @throws SystemCallError
 */
export function sendInPages(port: number, datagrams: Buffer[]): void {
  const value = Buffer.from(Int32Array.of(1).buffer);
  send(port, datagrams, { level: SOL_SOCKET, option: SO_ZEROCOPY, value, flags: MSG_ZEROCOPY });
}

function send(
  port: number,
  datagrams: Buffer[],
  { level, option, value, flags }: { level: number; option: number; value: Buffer; flags: number },
): void {
  const fd = libcSocket('socket', AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  try {
    libcSetsockopt('setsockopt', fd, level, option, value, value.length);
    const to = Buffer.alloc(16);
    to.writeUInt16LE(AF_INET, 0);
    to.writeUInt16BE(port, 2);
    to.set([127, 0, 0, 1], 4);
    libcConnect('connect', fd, to, to.length);
    for (const one of datagrams) {
      libcSend('send', fd, one, one.length, flags);
    }
  } finally {
    libcClose('close', fd);
  }
}
