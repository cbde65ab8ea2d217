import koffi from 'koffi';

const libc = koffi.load(null);
const libcSocket = libc.func('int socket(int, int, int)');
const libcConnect = libc.func('int connect(int, void *, uint32_t)');
const libcSetsockopt = libc.func('int setsockopt(int, int, int, void *, uint32_t)');
const libcSend = libc.func('int64_t send(int, void *, size_t, int)');
const libcClose = libc.func('int close(int)');

const [AF_INET, SOCK_DGRAM, SOCK_CLOEXEC] = [2, 2, 0o2000000];
const [SOL_SOCKET, SO_ZEROCOPY, MSG_ZEROCOPY] = [1, 60, 0x4000000];

/**
 * For tests: sends datagrams from one new port, each with what follows its UDP header in pages of their own, as many
 * network cards leave it. That is how Linux sends what it doesn't copy (MSG_ZEROCOPY, from 5.0 on for UDP).
 *
 * @param port - at 127.0.0.1, 1 to 65535
 * @throws Error when one can't be sent so
 */
export function sendInPages(port: number, datagrams: Buffer[]): void {
  const fd = libcSocket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  try {
    const on = Buffer.alloc(4);
    on.writeInt32LE(1);
    check('setsockopt(SO_ZEROCOPY)', libcSetsockopt(fd, SOL_SOCKET, SO_ZEROCOPY, on, on.length));
    const to = Buffer.alloc(16);
    to.writeUInt16LE(AF_INET, 0);
    to.writeUInt16BE(port, 2);
    to.set([127, 0, 0, 1], 4);
    check('connect', libcConnect(fd, to, to.length));
    for (const one of datagrams) {
      check('send', libcSend(fd, one, one.length, MSG_ZEROCOPY));
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
