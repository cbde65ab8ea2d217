import { constants } from 'node:os';
import { addressOf, libcFunction, SystemCallError } from '../../../net/libc.ts';

const libcSocket = libcFunction('int socket(int, int, int)');
const libcBind = libcFunction('int bind(int, void *, uint32_t)');
const libcSetsockopt = libcFunction('int setsockopt(int, int, int, void *, uint32_t)');
const libcClose = libcFunction('int close(int)');
const libcSyscall = libcFunction('long syscall(long, ...)');

/** libc has no wrappers for these. The last two have the same number on every architecture. */
const numbers = {
  bpf: { x64: 321, arm64: 280 }[process.arch as string],
  prctl: { x64: 157, arm64: 167 }[process.arch as string],
  pidfd_open: 434,
  pidfd_getfd: 438,
};

function syscall(name: keyof typeof numbers, call: string, ...values: (number | Buffer)[]): number {
  const number = numbers[name];
  // On other systems these are the numbers of other calls.
  if (process.platform !== 'linux' || number === undefined) {
    throw new SystemCallError(call, constants.errno.ENOSYS);
  }
  const typed = values.flatMap((value) => [typeof value === 'number' ? 'long' : 'void *', value]);
  return libcSyscall(call, number, ...typed);
}

/**
 * bpf(2).
 *
 * @param command - its number and its name, for messages
 * @param attributes - a `union bpf_attr`
 * @returns a file descriptor, or 0
 * @throws SystemCallError
 */
export function bpf(command: { number: number; name: string }, attributes: Buffer): number {
  return syscall('bpf', `bpf(${command.name})`, command.number, attributes, attributes.length);
}

/** close(2). @throws SystemCallError */
export function close(fd: number): void {
  libcClose('close', fd);
}

/**
 * Copies a file descriptor of another process (pidfd_open(2), pidfd_getfd(2), Linux >= 5.6). The caller
 * needs permission to trace that process, as a parent with the same user and capabilities has.
 *
 * @param fd - the number of the descriptor in that process
 * @returns a file descriptor of this process
 * @throws SystemCallError
 */
export function copyFd(pid: number, fd: number): number {
  const pidfd = syscall('pidfd_open', `pidfd_open(${pid})`, pid, 0);
  try {
    return syscall('pidfd_getfd', `pidfd_getfd(${pid}, ${fd})`, pidfd, fd, 0);
  } finally {
    close(pidfd);
  }
}

const PR_CAP_AMBIENT = 47;
const PR_CAP_AMBIENT_LOWER = 3;
/** From <linux/capability.h>. */
export const CAP_BPF = 39;

/**
 * Removes a capability from the ambient set (capabilities(7); PR_CAP_AMBIENT in prctl(2)): this thread
 * keeps it, processes that it starts from now on do not get it.
 *
 * @param capability - its number, such as CAP_BPF
 * @throws SystemCallError
 */
export function withholdFromChildren(capability: number): void {
  const call = 'prctl(PR_CAP_AMBIENT_LOWER)';
  syscall('prctl', call, PR_CAP_AMBIENT, PR_CAP_AMBIENT_LOWER, capability, 0, 0);
}

/** From <asm-generic/socket.h>, <bits/socket.h> and <linux/in6.h>: the same on x64 and arm64. */
const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_REUSEPORT = 15;
const SO_ATTACH_FILTER = 26;
const SO_ATTACH_REUSEPORT_EBPF = 52;
const IPPROTO_IPV6 = 41;
const IPV6_V6ONLY = 26;

/**
 * Binds a UDP socket in the SO_REUSEPORT group of an address (socket(7)). An IPv6 socket is IPv6 only.
 *
 * @param address - 4 or 16 bytes
 * @param port - 1 to 65535
 * @returns its file descriptor
 * @throws SystemCallError
 */
export function bindToGroup(address: Buffer, port: number): number {
  const isV6 = address.length === 16;
  const fd = libcSocket('socket', isV6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  try {
    if (isV6) {
      setOption(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1, 'IPV6_V6ONLY');
    }
    setOption(fd, SOL_SOCKET, SO_REUSEPORT, 1, 'SO_REUSEPORT');
    // struct sockaddr_in (16 bytes) and sockaddr_in6 (28): family, port, and the address at 4 or 8.
    const name = Buffer.alloc(isV6 ? 28 : 16);
    name.writeUInt16LE(isV6 ? AF_INET6 : AF_INET, 0);
    name.writeUInt16BE(port, 2);
    address.copy(name, isV6 ? 8 : 4);
    libcBind('bind', fd, name, name.length);
    return fd;
  } catch (error) {
    close(fd);
    throw error;
  }
}

/**
 * Lets a program select the socket for each datagram of a group, also among sockets that join later.
 *
 * @param fd - a socket of the group
 * @param program - an SK_REUSEPORT program's file descriptor
 * @throws SystemCallError
 */
export function attachProgram(fd: number, program: number): void {
  setOption(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_EBPF, program, 'SO_ATTACH_REUSEPORT_EBPF');
}

/**
 * Lets the kernel discard all datagrams for a socket before they use memory (socket(7), SO_ATTACH_FILTER).
 *
 * @param fd - the socket's file descriptor
 * @throws SystemCallError
 */
export function discardAll(fd: number): void {
  // struct sock_filter: BPF_RET | BPF_K, and the number of bytes to keep: none.
  const instruction = Buffer.from([0x06, 0, 0, 0, 0, 0, 0, 0]);
  // struct sock_fprog: the number of instructions, and their address.
  const program = Buffer.alloc(16);
  program.writeUInt16LE(1, 0);
  program.writeBigUInt64LE(addressOf(instruction), 8);
  const call = 'setsockopt(SO_ATTACH_FILTER)';
  libcSetsockopt(call, fd, SOL_SOCKET, SO_ATTACH_FILTER, program, program.length);
}

function setOption(fd: number, level: number, option: number, value: number, name: string): void {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  libcSetsockopt(`setsockopt(${name})`, fd, level, option, bytes, bytes.length);
}
