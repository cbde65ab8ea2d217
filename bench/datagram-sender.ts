import { addressOf, libcFunction } from '../server/src/net/libc.ts';

const libcSocket = libcFunction('int socket(int, int, int)');
const libcBind = libcFunction('int bind(int, void *, uint32_t)');
const libcConnect = libcFunction('int connect(int, void *, uint32_t)');
const libcSendmmsg = libcFunction('int sendmmsg(int, void *, uint32_t, int)');
const libcClose = libcFunction('int close(int)');

const [AF_INET, SOCK_DGRAM, SOCK_CLOEXEC] = [2, 2, 0o2000000];
/** Sizes of struct iovec and struct mmsghdr on 64-bit Linux. */
const [iovecBytes, mmsghdrBytes] = [16, 64];

/** Datagrams as sendmmsg(2) takes them. */
export interface Prepared {
  headers: Buffer;
  count: number;
  /** The headers point into these, so they must live as long. */
  holds: Buffer[];
}

/** Done before sending, so that sending takes hardly any time but the kernel's. */
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
 * A UDP socket that sends many datagrams by one system call. Node's own takes longer for each datagram than everything
 * that is measured.
 */
export class DatagramSender {
  readonly #fd: number;

  /**
   * @param from - the port to bind at 127.0.0.1
   * @param to - the port to send to
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
   * @param first - the index of the first datagram to send
   * @param count - at most 1024 (UIO_MAXIOV)
   * @throws Error when not all are sent
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
