import { readdir, readFile, readlink } from 'node:fs/promises';
import { ipBytes } from '../../../net/ip-bytes.ts';
import { copyFd } from './system-calls.ts';

/**
 * A copy of the UDP socket that a child process has at an address, found in /proc (proc_pid_net(5),
 * proc_pid_fd(5)).
 *
 * @param pid - a child of ours
 * @param ip - where it is bound, as it was bound: a wildcard is only itself
 * @param port - 1 to 65535
 * @returns a file descriptor of ours, to be closed
 * @throws Error when it has none there, or more than one
 * @throws SystemCallError when it may not be copied
 */
export async function copyUdpSocket(pid: number, ip: string, port: number): Promise<number> {
  const inodes = await inodesAt(pid, ip, port);
  const fds: number[] = [];
  for (const fd of await readdir(`/proc/${pid}/fd`)) {
    // One that was closed meanwhile is not the one.
    const target = await readlink(`/proc/${pid}/fd/${fd}`).catch(() => '');
    if (inodes.has(/^socket:\[(\d+)\]$/.exec(target)?.[1] ?? '')) {
      fds.push(Number(fd));
    }
  }
  const [fd] = fds;
  if (fd === undefined || fds.length > 1) {
    throw new Error(`process ${pid} has ${fds.length} UDP sockets at ${ip}, port ${port}`);
  }
  return copyFd(pid, fd);
}

/** All sockets of the network namespace that are bound there: this process's, and its siblings'. */
async function inodesAt(pid: number, ip: string, port: number): Promise<Set<string>> {
  const bytes = ipBytes(ip);
  // Groups of four bytes, each as a number of the machine's byte order.
  const words = Array.from({ length: bytes.length / 4 }, (_, i) =>
    bytes
      .readUInt32LE(i * 4)
      .toString(16)
      .padStart(8, '0'),
  );
  const local = `${words.join('')}:${port.toString(16).padStart(4, '0')}`.toUpperCase();
  const table = await readFile(`/proc/${pid}/net/udp${bytes.length === 16 ? '6' : ''}`, 'latin1');
  const rows = table
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/));
  return new Set(rows.filter((row) => row[1] === local).map((row) => row[9] ?? ''));
}
