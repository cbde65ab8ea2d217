import { readdir, readlink } from 'node:fs/promises';
import { canonicalIp } from '../../../net/ip.ts';
import { readUdpSockets } from '../../../net/udp-sockets.ts';
import { copyFd } from './system-calls.ts';

/**
 * Copies the UDP socket that a child process has bound to an address. It is found in /proc
 * (proc_pid_net(5), proc_pid_fd(5)).
 *
 * @param pid - a child of this process
 * @param ip - as it was bound: a wildcard matches only itself
 * @param port - 1 to 65535
 * @returns a file descriptor of this process, which the caller closes
 * @throws Error when the child has no socket there, or several
 * @throws SystemCallError when copying is not permitted
 */
export async function copyUdpSocket(pid: number, ip: string, port: number): Promise<number> {
  // These are the sockets of all processes: the worker's and those of its siblings.
  const inodes = new Set(
    (await readUdpSockets(pid))
      .filter((socket) => socket.ip === canonicalIp(ip) && socket.port === port)
      .map(({ inode }) => `socket:[${inode}]`),
  );
  const fds: number[] = [];
  for (const fd of await readdir(`/proc/${pid}/fd`)) {
    // A descriptor that was closed meanwhile is not the wanted one.
    const target = await readlink(`/proc/${pid}/fd/${fd}`).catch(() => '');
    if (inodes.has(target)) {
      fds.push(Number(fd));
    }
  }
  const [fd] = fds;
  if (fd === undefined || fds.length > 1) {
    throw new Error(`process ${pid} has ${fds.length} UDP sockets at ${ip}, port ${port}`);
  }
  return copyFd(pid, fd);
}
