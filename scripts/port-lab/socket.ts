import { type Family, socketAddress } from './address.ts';
import { constants } from './constants.ts';
import { CallError, call } from './libc.ts';

export type Kind = 'UDP' | 'TCP';

// The same number in every system here.
const F_SETFD = 2;
const FD_CLOEXEC = 1;
const F_SETFL = 4;
const POLLIN = 1;

/** A socket with nothing of Node's about it: Node sets options by itself, and the options are what is looked at. */
export class Socket {
  readonly fd: number;
  #closed = false;

  constructor(kind: Kind, family: Family) {
    this.fd = call(
      'socket',
      family === 'IPv4' ? constants.AF_INET : constants.AF_INET6,
      kind === 'UDP' ? constants.SOCK_DGRAM : constants.SOCK_STREAM,
      0,
    );
    // A child process that had it too would keep it open when it is closed here.
    call('fcntl', this.fd, F_SETFD, 'int', FD_CLOEXEC);
  }

  /** @param value - An int, or the bytes of a struct. */
  set(level: number, option: number, value: number | Buffer): void {
    const bytes = typeof value === 'number' ? Buffer.from(Int32Array.of(value).buffer) : value;

    call('setsockopt', this.fd, level, option, bytes, bytes.length);
  }

  /** @param port - 0 lets the kernel choose. */
  bind(address: string, port: number): void {
    const bytes = socketAddress(address, port);

    call('bind', this.fd, bytes, bytes.length);
  }

  listen(): void {
    call('listen', this.fd, 128);
  }

  port(): number {
    const bytes = Buffer.alloc(28);

    call('getsockname', this.fd, bytes, Buffer.from(Uint32Array.of(bytes.length).buffer));

    return bytes.readUInt16BE(2);
  }

  /** TCP's. It blocks until the listener's side has answered. */
  connect(address: string, port: number): void {
    const bytes = socketAddress(address, port);

    call('connect', this.fd, bytes, bytes.length);
  }

  /** @param message - 0 to 255. */
  send(address: string, port: number, message = 0): void {
    const bytes = socketAddress(address, port);

    call('sendto', this.fd, Buffer.of(message), 1, 0, bytes, bytes.length);
  }

  dontBlock(): void {
    call('fcntl', this.fd, F_SETFL, 'int', constants.O_NONBLOCK);
  }

  /** @returns The message of the datagram that was there to take; undefined when there was none. */
  receive(): number | undefined {
    const bytes = Buffer.alloc(1);

    return isThere(() => call('recv', this.fd, bytes, bytes.length, constants.MSG_DONTWAIT))
      ? bytes[0]
      : undefined;
  }

  /** Only after dontBlock(). @returns The connection, or undefined when there is none to take. */
  accept(): number | undefined {
    return acceptFrom(this.fd);
  }

  /** @returns Whether the other side has reset this connection. */
  isReset(): boolean {
    try {
      this.receive();

      return false;
    } catch (error) {
      if (error instanceof CallError && error.code === 'ECONNRESET') {
        return true;
      }
      throw error;
    }
  }

  /** Once is enough: another socket may have the number by now. */
  close(): void {
    if (!this.#closed) {
      this.#closed = true;
      call('close', this.fd);
    }
  }
}

/**
 * Takes a connection from a listener that doesn't block.
 *
 * @returns Its file descriptor; undefined when there is none to take.
 */
export function acceptFrom(listener: number): number | undefined {
  let fd: number | undefined;

  return isThere(() => {
    fd = call('accept', listener, null, null);
  })
    ? fd
    : undefined;
}

/**
 * Waits by poll(2) until something can be read.
 *
 * @param patienceMs - 0 or more; -1 waits for ever.
 * @returns Those that can be read.
 */
export function readable(fds: readonly number[], patienceMs: number): number[] {
  const entries = Buffer.alloc(8 * fds.length);

  for (const [i, fd] of fds.entries()) {
    entries.writeInt32LE(fd, 8 * i);
    entries.writeInt16LE(POLLIN, 8 * i + 4);
  }
  call('poll', entries, fds.length, patienceMs);

  // What a poll entry is answered with: also that the other side has gone.
  return fds.filter((_, i) => entries.readInt16LE(8 * i + 6) !== 0);
}

function isThere(take: () => void): boolean {
  try {
    take();

    return true;
  } catch (error) {
    if (error instanceof CallError && (error.code === 'EAGAIN' || error.code === 'EWOULDBLOCK')) {
      return false;
    }
    throw error;
  }
}
