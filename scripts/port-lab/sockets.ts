import { ipBytes } from '../../server/src/net/ip.ts';
import { libcFunction, SystemCallError } from '../../server/src/net/libc.ts';

// Numbers that the C headers define on x64 and arm64, where Node 24 runs: asm-generic/socket.h, linux/in.h, linux/in6.h,
// bits/fcntl.h and poll.h.
const [AF_INET, AF_INET6, SOCK_STREAM, SOCK_DGRAM] = [2, 10, 1, 2];
const [SOL_SOCKET, SO_REUSEADDR, SO_REUSEPORT, MSG_DONTWAIT] = [1, 2, 15, 0x40];
const [F_SETFD, FD_CLOEXEC, F_SETFL, O_NONBLOCK, POLLIN] = [2, 1, 4, 0x800, 1];
export const IPPROTO_IP = 0;
export const IPPROTO_IPV6 = 41;
export const IPV6_V6ONLY = 26;

export type Kind = 'UDP' | 'TCP';
export type Family = 'IPv4' | 'IPv6';

export const families: readonly Family[] = ['IPv4', 'IPv6'];
export const loopback: Record<Family, string> = { IPv4: '127.0.0.1', IPv6: '::1' };

const options = {
  none: [],
  SO_REUSEADDR: [SO_REUSEADDR],
  SO_REUSEPORT: [SO_REUSEPORT],
  both: [SO_REUSEADDR, SO_REUSEPORT],
};

/** The socket options that each experiment is repeated with, as the tables name them. */
export type Setting = keyof typeof options;

export const settings = Object.keys(options) as readonly Setting[];

const libcSocket = libcFunction('int socket(int, int, int)');
const libcSetsockopt = libcFunction('int setsockopt(int, int, int, const void *, unsigned int)');
const libcGetsockname = libcFunction('int getsockname(int, void *, void *)');
const libcBind = libcFunction('int bind(int, const void *, unsigned int)');
const libcListen = libcFunction('int listen(int, int)');
const libcAccept = libcFunction('int accept(int, void *, void *)');
const libcConnect = libcFunction('int connect(int, const void *, unsigned int)');
const libcSendto = libcFunction(
  'intptr_t sendto(int, const void *, size_t, int, const void *, unsigned int)',
);
const libcRecv = libcFunction('intptr_t recv(int, void *, size_t, int)');
const libcPoll = libcFunction('int poll(void *, unsigned long, int)');
const libcFcntl = libcFunction('int fcntl(int, int, ...)');
const libcClose = libcFunction('int close(int)');

/** A socket of the C library. Node's own sockets set options by themselves, which would spoil the experiments. */
export class Socket {
  readonly fd: number;
  #closed = false;

  constructor(kind: Kind, family: Family) {
    this.fd = libcSocket(
      'socket',
      family === 'IPv4' ? AF_INET : AF_INET6,
      kind === 'UDP' ? SOCK_DGRAM : SOCK_STREAM,
      0,
    );
    // A child process that inherited it would keep it open after it is closed here.
    libcFcntl('fcntl', this.fd, F_SETFD, 'int', FD_CLOEXEC);
  }

  /** @param value - an int, or the bytes of a struct */
  set(level: number, option: number, value: number | Buffer): void {
    const bytes = typeof value === 'number' ? Buffer.from(Int32Array.of(value).buffer) : value;
    libcSetsockopt('setsockopt', this.fd, level, option, bytes, bytes.length);
  }

  /** Sets the options, which must be done before the socket is bound. */
  apply(setting: Setting): void {
    for (const option of options[setting]) {
      this.set(SOL_SOCKET, option, 1);
    }
  }

  /** @param port - 0 lets the kernel choose */
  bind(address: string, port: number): void {
    const bytes = socketAddress(address, port);
    libcBind('bind', this.fd, bytes, bytes.length);
  }

  listen(): void {
    libcListen('listen', this.fd, 128);
  }

  port(): number {
    const bytes = Buffer.alloc(28);
    const length = Buffer.from(Uint32Array.of(bytes.length).buffer);
    libcGetsockname('getsockname', this.fd, bytes, length);
    return bytes.readUInt16BE(2);
  }

  /** Blocks until the listener's host has answered. */
  connect(address: string, port: number): void {
    const bytes = socketAddress(address, port);
    libcConnect('connect', this.fd, bytes, bytes.length);
  }

  /** @param message - 0 to 255 */
  send(address: string, port: number, message = 0): void {
    const bytes = socketAddress(address, port);
    libcSendto('sendto', this.fd, Buffer.of(message), 1, 0, bytes, bytes.length);
  }

  setNonBlocking(): void {
    libcFcntl('fcntl', this.fd, F_SETFL, 'int', O_NONBLOCK);
  }

  /** @returns the message of the next datagram; undefined when none is waiting */
  receive(): number | undefined {
    const bytes = Buffer.alloc(1);
    const length = unlessEmpty(() => libcRecv('recv', this.fd, bytes, 1, MSG_DONTWAIT));
    return length === undefined ? undefined : bytes[0];
  }

  /** @returns whether the peer has reset this connection */
  isReset(): boolean {
    return attempt(() => this.receive()) === 'ECONNRESET';
  }

  /** May be called again: another socket can have the same number by then, and stays open. */
  close(): void {
    if (!this.#closed) {
      this.#closed = true;
      closeFd(this.fd);
    }
  }
}

/**
 * Accepts a connection from a listener.
 *
 * @returns its file descriptor; undefined when the listener does not block and no connection is waiting
 */
export function accept(listener: number): number | undefined {
  return unlessEmpty(() => libcAccept('accept', listener, null, null));
}

export function closeFd(fd: number): void {
  libcClose('close', fd);
}

/**
 * Waits by poll(2) until something can be read.
 *
 * @param timeoutMs - 0 or more; -1 waits without a limit
 * @returns the file descriptors that can be read, or whose peer is gone
 */
export function readable(fds: readonly number[], timeoutMs: number): number[] {
  const entries = Buffer.alloc(8 * fds.length);
  for (const [i, fd] of fds.entries()) {
    entries.writeInt32LE(fd, 8 * i);
    entries.writeInt16LE(POLLIN, 8 * i + 4);
  }
  libcPoll('poll', entries, fds.length, timeoutMs);
  return fds.filter((_, i) => entries.readInt16LE(8 * i + 6) !== 0);
}

export type Open = (kind: Kind, family: Family, setting?: Setting) => Socket;

/**
 * Runs `work` and then closes the sockets that it opened, also when it throws. IPv6 sockets take no IPv4 unless `work`
 * says otherwise.
 */
export async function withSockets<T>(work: (open: Open) => T | Promise<T>): Promise<T> {
  const opened: Socket[] = [];
  try {
    return await work((kind, family, setting = 'none') => {
      const socket = new Socket(kind, family);
      opened.push(socket);
      if (family === 'IPv6') {
        socket.set(IPPROTO_IPV6, IPV6_V6ONLY, 1);
      }
      socket.apply(setting);
      return socket;
    });
  } finally {
    for (const socket of opened) {
      socket.close();
    }
  }
}

/** Binds a socket and, with TCP, listens. */
export function bindAndListen(socket: Socket, kind: Kind, address: string, port: number): Socket {
  socket.bind(address, port);
  if (kind === 'TCP') {
    socket.listen();
  }
  return socket;
}

/** @returns a port that no UDP or TCP socket has at this family's loopback address */
export async function freePort(family: Family): Promise<number> {
  for (let i = 0; i < 50; i++) {
    const port = await withSockets((open) => {
      const udp = open('UDP', family);
      udp.bind(loopback[family], 0);
      const free = udp.port();
      const taken = attempt(() => open('TCP', family).bind(loopback[family], free));
      return taken ? undefined : free;
    });
    if (port !== undefined) {
      return port;
    }
  }
  throw new Error(`no port is free at ${loopback[family]}`);
}

/** @returns the name of the error that a system call failed with, such as EADDRINUSE; undefined without one */
export function attempt(calls: () => void): string | undefined {
  try {
    calls();
    return undefined;
  } catch (error) {
    if (error instanceof SystemCallError) {
      return error.code;
    }
    throw error;
  }
}

const CLONE_NEWNET = 0x40000000;
const SIOCSIFFLAGS = 0x8914;
const IFF_UP = 1;

/**
 * Moves this process's main thread into a new network namespace with nothing in it but loopback, so that no other
 * program has its ports and no packet can leave the machine. Needs CAP_SYS_ADMIN (unshare(2), netdevice(7)).
 *
 * @returns whether it has done so
 */
export function enterPrivateNetwork(): boolean {
  if (process.geteuid?.() !== 0) {
    return false;
  }
  const libcUnshare = libcFunction('int unshare(int)');
  if (attempt(() => libcUnshare('unshare', CLONE_NEWNET))) {
    return false;
  }
  // struct ifreq: the interface's name and, at 16, its flags.
  const request = Buffer.alloc(40);
  request.write('lo');
  request.writeInt16LE(IFF_UP, 16);
  const socket = new Socket('UDP', 'IPv4');
  try {
    libcFunction('int ioctl(int, unsigned long, void *)')(
      'ioctl',
      socket.fd,
      SIOCSIFFLAGS,
      request,
    );
  } finally {
    socket.close();
  }
  return true;
}

function unlessEmpty(call: () => number): number | undefined {
  try {
    return call();
  } catch (error) {
    if (error instanceof SystemCallError && error.code === 'EAGAIN') {
      return undefined;
    }
    throw error;
  }
}

/** A `struct sockaddr_in` or `sockaddr_in6`. @param port - 0 to 65535 */
function socketAddress(address: string, port: number): Buffer {
  const ip = ipBytes(address);
  const isIPv6 = ip.length === 16;
  const bytes = Buffer.alloc(isIPv6 ? 28 : 16);
  bytes.writeUInt16LE(isIPv6 ? AF_INET6 : AF_INET, 0);
  bytes.writeUInt16BE(port, 2);
  ip.copy(bytes, isIPv6 ? 8 : 4);
  return bytes;
}
