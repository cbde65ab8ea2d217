import { readFile } from 'node:fs/promises';
import { endianness } from 'node:os';
import { ipText } from './ip.ts';

/** A row of /proc/net/udp or of its like. */
export interface KernelSocketRow {
  /** As ipText() writes it. */
  ip: string;
  port: number;
  /** Size of the receive queue including the kernel's own overhead. */
  queuedBytes: number;
  /** Datagrams dropped since the socket was opened, because the queue was full. Not for TCP. */
  drops: number;
  inode: number;
}

/**
 * Reads all UDP sockets of a network namespace (/proc/net/udp and udp6, proc_pid_net(5)). The kernel
 * may skip a socket while others are opened and closed.
 *
 * @param pid - a process of that namespace, by default this one
 * @returns an empty list where there is no /proc
 */
export async function readUdpSockets(pid: number | 'self' = 'self'): Promise<KernelSocketRow[]> {
  const texts = await Promise.all(
    ['udp', 'udp6'].map((table) => readFile(`/proc/${pid}/net/${table}`, 'latin1').catch(() => '')),
  );
  return texts.flatMap(parseSocketTable);
}

/** @param text - what /proc/net/udp, udp6, tcp or tcp6 contains */
export function parseSocketTable(text: string): KernelSocketRow[] {
  return text
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => {
      const fields = line.trim().split(/\s+/);
      const [address = '', port = ''] = (fields[1] ?? '').split(':');
      const [, queued = ''] = (fields[4] ?? '').split(':');
      return {
        ip: ipText(addressBytes(address)),
        port: Number.parseInt(port, 16),
        queuedBytes: Number.parseInt(queued, 16),
        drops: Number(fields[12]),
        inode: Number(fields[9]),
      };
    });
}

/** @param hex - 32-bit words, each printed as a number of the machine's byte order */
function addressBytes(hex: string): Buffer {
  const bytes = Buffer.from(hex, 'hex');
  return endianness() === 'LE' ? bytes.swap32() : bytes;
}
