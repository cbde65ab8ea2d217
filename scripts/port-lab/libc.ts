import { constants as osConstants } from 'node:os';
import koffi from 'koffi';

// The symbols of the running process: its C library, whichever that is.
const libc = koffi.load(null);

const functions = {
  socket: libc.func('int socket(int, int, int)'),
  setsockopt: libc.func('int setsockopt(int, int, int, const void *, unsigned int)'),
  getsockname: libc.func('int getsockname(int, void *, void *)'),
  bind: libc.func('int bind(int, const void *, unsigned int)'),
  listen: libc.func('int listen(int, int)'),
  accept: libc.func('int accept(int, void *, void *)'),
  connect: libc.func('int connect(int, const void *, unsigned int)'),
  sendto: libc.func('intptr_t sendto(int, const void *, size_t, int, const void *, unsigned int)'),
  recv: libc.func('intptr_t recv(int, void *, size_t, int)'),
  poll: libc.func('int poll(void *, unsigned long, int)'),
  close: libc.func('int close(int)'),
  fcntl: libc.func('int fcntl(int, int, ...)'),
};

const names = new Map(Object.entries(osConstants.errno).map(([name, value]) => [value, name]));

/** A call of the C library that failed. */
export class CallError extends Error {
  /** The error's name, such as EADDRINUSE. */
  readonly code: string;

  constructor(call: string) {
    const errno = koffi.errno();
    const code = names.get(errno) ?? `errno ${errno}`;

    super(`${call}: ${code}`);
    this.code = code;
  }
}

/**
 * Calls the C library, on this very thread, so that a blocking call blocks it.
 *
 * @returns What the call returns: 0 or more.
 * @throws {CallError} When it returns less.
 */
export function call(name: keyof typeof functions, ...args: (number | string | Buffer | null)[]) {
  const result = Number(functions[name](...args));

  if (result < 0) {
    throw new CallError(name);
  }

  return result;
}

/**
 * A function of the C library that only some systems have.
 *
 * @param declaration - In C, such as `int epoll_create1(int)`.
 * @returns It throws a CallError, as call() does.
 * @throws When this system hasn't got it.
 */
export function ownCall(declaration: string): (...args: (number | Buffer | null)[]) => number {
  const run = libc.func(declaration);

  return (...args) => {
    const result = Number(run(...args));

    if (result < 0) {
      throw new CallError(declaration);
    }

    return result;
  };
}
