import koffi from 'koffi';

const libc = koffi.load(null);
const libcSetsockopt = libc.func('int setsockopt(int, int, int, void *, uint32_t)');
const libcSocket = libc.func('int socket(int, int, int)');
const libcSendto = libc.func('int64_t sendto(int, void *, size_t, int, void *, uint32_t)');
const libcClose = libc.func('int close(int)');

const [AF_INET, SOCK_DGRAM, SOCK_CLOEXEC] = [2, 2, 0o2000000];
const [IPPROTO_IP, IP_OPTIONS] = [0, 4];

/**
 * For tests: sends datagrams from one new port, whose IPv4 headers have options (ip(7), IP_OPTIONS): what follows the
 * header lies further behind than usual. The options are of no meaning (RFC 791: No Operation).
 *
 * @param port - at 127.0.0.1, 1 to 65535
 * @throws Error when one can't be sent so
 */
export function sendWithOptions(port: number, datagrams: Buffer[]): void {
  const fd = libcSocket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  try {
    const options = Buffer.from([1, 1, 1, 1, 1, 1, 1, 0]);
    const set = libcSetsockopt(fd, IPPROTO_IP, IP_OPTIONS, options, options.length);
    check('setsockopt(IP_OPTIONS)', set);
    const to = Buffer.alloc(16);
    to.writeUInt16LE(AF_INET, 0);
    to.writeUInt16BE(port, 2);
    to.set([127, 0, 0, 1], 4);
    for (const one of datagrams) {
      check('sendto', libcSendto(fd, one, one.length, 0, to, to.length));
    }
  } finally {
    libcClose(fd);
  }
}

function check(call: string, result: number): void {
  if (Number(result) < 0) {
    throw new Error(`${call}: errno ${koffi.errno()}`);
  }
}
