import { isIPv6 } from 'node:net';
import { onTestFinished } from 'vitest';
import { libcFunction, SystemCallError } from '../../server/src/net/libc.ts';

const socket = libcFunction('int socket(int, int, int)');
const setsockopt = libcFunction('int setsockopt(int, int, int, void *, uint32_t)');
const bind = libcFunction('int bind(int, void *, uint32_t)');
const getsockname = libcFunction('int getsockname(int, void *, void *)');
const recv = libcFunction('int64_t recv(int, void *, size_t, int)');
const close = libcFunction('int close(int)');

const [AF_INET, AF_INET6] = [2, 10];
const SOCK_DGRAM = 2;
const SOCK_NONBLOCK = 0o4000;
const IPPROTO_UDP = 17;
/** udp(7). */
const UDP_GRO = 104;
const SOL_SOCKET = 1;
const SO_RCVBUF = 8;

/**
 * A UDP socket that receives the datagrams which the kernel was given by one system call as one (UDP_GRO, udp(7)), as far
 * as they come from this machine. dgram has no such option. It is closed when the test has finished.
 */
export class GroReceiver {
  readonly port: number;
  readonly #fd: number;

  /** @param ip - 127.0.0.1 or ::1 */
  constructor(ip: string) {
    const six = isIPv6(ip);
    this.#fd = socket('socket', six ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    onTestFinished(() => void close('close', this.#fd));
    this.#set('UDP_GRO', IPPROTO_UDP, UDP_GRO, 1);
    this.#set('SO_RCVBUF', SOL_SOCKET, SO_RCVBUF, 212_992);
    // sockaddr_in and sockaddr_in6: 127.0.0.1 and ::1, the port in bytes 2 and 3.
    const address = Buffer.alloc(six ? 28 : 16);
    address.writeUInt16LE(six ? AF_INET6 : AF_INET, 0);
    if (six) {
      address.writeUInt8(1, 23);
    } else {
      address.writeUInt32BE(0x7f000001, 4);
    }
    bind('bind', this.#fd, address, address.length);
    const length = Buffer.alloc(4);
    length.writeUInt32LE(address.length);
    getsockname('getsockname', this.#fd, address, length);
    this.port = address.readUInt16BE(2);
  }

  /** The datagrams that have arrived since the last call, in order. */
  receive(): Buffer[] {
    const received: Buffer[] = [];
    const buffer = Buffer.alloc(65_536);
    for (;;) {
      try {
        const bytes = recv('recv', this.#fd, buffer, buffer.length, 0);
        received.push(Buffer.from(buffer.subarray(0, bytes)));
      } catch (error) {
        if (error instanceof SystemCallError && error.code === 'EAGAIN') {
          return received;
        }
        throw error;
      }
    }
  }

  #set(name: string, level: number, option: number, value: number): void {
    const bytes = Buffer.alloc(4);
    bytes.writeInt32LE(value);
    setsockopt(`setsockopt(${name})`, this.#fd, level, option, bytes, bytes.length);
  }
}
