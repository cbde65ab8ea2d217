import { addressOf, libcFunction } from '../server/src/net/libc.ts';

const libcSocket = libcFunction('int socket(int, int, int)');
const libcBind = libcFunction('int bind(int, void *, uint32_t)');
const libcConnect = libcFunction('int connect(int, void *, uint32_t)');
const libcSendmmsg = libcFunction('int sendmmsg(int, void *, uint32_t, int)');
const libcClose = libcFunction('int close(int)');

const [AF_INET, SOCK_DGRAM, SOCK_CLOEXEC] = [2, 2, 0o2000000];
/** Of 64-bit Linux: struct iovec, and struct mmsghdr with a struct msghdr in it. */
const [iovecBytes, mmsghdrBytes] = [16, 64];

/** Datagrams as sendmmsg(2) takes them. */
export interface Prepared {
  headers: Buffer;
  count: number;
  /** What the headers point to: to be held as long as they. */
  holds: Buffer[];
}

/** Done before they are sent, so that sending takes the kernel's time and little else. */
export function prepare(datagrams: Buffer[]): Prepared {
  const bytes = Buffer.concat(datagrams);
  const vectors = Buffer.alloc(datagrams.length * iovecBytes);
  const headers = Buffer.alloc(datagrams.length * mmsghdrBytes);
  let at = 0;
  for (const [i, { length }] of datagrams.entries()) {
    vectors.writeBigUInt64LE(addressOf(bytes) + BigInt(at), i * iovecBytes);
    vectors.writeBigUInt64LE(BigInt(length), i * iovecBytes + 8);
    headers.writeBigUInt64LE(addressOf(vectors) + BigInt(i * iovecBytes), i * mmsghdrBytes + 16);
    headers.writeBigUInt64LE(1n, i * mmsghdrBytes + 24);
    at += length;
  }
  return { headers, count: datagrams.length, holds: [bytes, vectors] };
}

/**
 * A UDP socket that sends many datagrams by one system call. Node's own takes longer for each than
 * everything that is measured, and would hide it.
 */
export class DatagramSender {
  readonly #fd: number;

  /**
   * @param from - at 127.0.0.1, 1 to 65535
   * @param to - likewise
   * @throws SystemCallError when the port is taken
   */
  constructor(from: number, to: number) {
    this.#fd = libcSocket('socket', AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    const at = (port: number) => {
      const name = Buffer.alloc(16);
      name.writeUInt16LE(AF_INET, 0);
      name.writeUInt16BE(port, 2);
      name.set([127, 0, 0, 1], 4);
      return name;
    };
    libcBind('bind', this.#fd, at(from), 16);
    libcConnect('connect', this.#fd, at(to), 16);
  }

  /**
   * @param prepared - where from
   * @param first - the index of the first to be sent
   * @param count - how many, at most 1024 (UIO_MAXIOV)
   * @throws Error when they are not all sent
   */
  send({ headers }: Prepared, first: number, count: number): void {
    const some = headers.subarray(first * mmsghdrBytes);
    const sent = libcSendmmsg('sendmmsg', this.#fd, some, count, 0);
    if (sent < count) {
      throw new Error(`only ${sent} of ${count} datagrams were sent`);
    }
  }

  close(): void {
    libcClose('close', this.#fd);
  }
}
