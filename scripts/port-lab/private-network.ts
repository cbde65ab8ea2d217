import { ownCall } from './libc.ts';
import { Socket } from './socket.ts';
import { attemptCalls } from './with-sockets.ts';

const CLONE_NEWNET = 0x40000000;
const SIOCSIFFLAGS = 0x8914;
const IFF_UP = 1;

/**
 * Moves this process's main thread into a network of its own, with nothing in it but loopback, so that no other
 * program has its ports and nothing can leave the machine. Linux's alone, and root's (unshare(2), netdevice(7)).
 *
 * @returns Whether it was done; if not, the experiments have the machine's own loopback.
 */
export function enterPrivateNetwork(): boolean {
  if (process.platform !== 'linux' || process.geteuid?.() !== 0) {
    return false;
  }

  const unshare = ownCall('int unshare(int)');

  // A container's root may lack CAP_SYS_ADMIN.
  return attemptCalls(() => unshare(CLONE_NEWNET)) === undefined && bringUpLoopback();
}

function bringUpLoopback(): boolean {
  const request = Buffer.alloc(40);
  const socket = new Socket('UDP', 'IPv4');

  request.write('lo');
  request.writeInt16LE(IFF_UP, 16);
  try {
    ownCall('int ioctl(int, unsigned long, void *)')(socket.fd, SIOCSIFFLAGS, request);
  } finally {
    socket.close();
  }

  return true;
}
