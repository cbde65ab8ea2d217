import { constants } from 'node:os';
import { getSystemErrorName } from 'node:util';
import koffi from 'koffi';

/** A call of the C library that failed. */
export class SystemCallError extends Error {
  override name = 'SystemCallError';
  /** As in errno(3): `EPERM`. */
  readonly code: string;

  /**
   * @param call - what failed, with its subject: `bpf(BPF_MAP_CREATE)`
   * @param errno - the error's number
   */
  constructor(call: string, errno: number) {
    const code = getSystemErrorName(-errno);
    super(`${call}: ${code}`);
    this.code = code;
  }
}

type LibcFunction = (
  /** Names the call in errors: `setsockopt(SO_REUSEPORT)`. */
  call: string,
  /** A variadic argument is two: its type and its value. */
  ...values: (number | string | Buffer | null)[]
) => number;

/**
 * Declares a function of the C library that Node has no API for. It is called through koffi, on the calling thread, so
 * a blocking call blocks that thread.
 *
 * @param declaration - in C: `int socket(int, int, int)`
 * @returns a function that returns the result, 0 or more, and throws SystemCallError when it is negative or when this
 *   system has no such function
 */
export function libcFunction(declaration: string): LibcFunction {
  let found: ReturnType<typeof find>;
  return (call, ...values) => {
    found ??= find(declaration);
    if (!found) {
      throw new SystemCallError(call, constants.errno.ENOSYS);
    }
    const result = Number(found(...values));
    if (result < 0) {
      throw new SystemCallError(call, koffi.errno());
    }
    return result;
  };
}

function find(declaration: string) {
  try {
    // The symbols of this process, which include those of its C library.
    return koffi.load(null).func(declaration);
  } catch (error) {
    if ((error as Error).message.startsWith('Cannot find function')) {
      return undefined;
    }
    throw error;
  }
}

/**
 * The address of a buffer's bytes, for a struct that holds pointers. The buffer must stay referenced until the call has
 * returned.
 */
export function addressOf(buffer: Buffer): bigint {
  return BigInt(koffi.address(buffer));
}
