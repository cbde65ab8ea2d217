import { readFile } from 'node:fs/promises';
import { endianness } from 'node:os';
import { ipText } from './ip-bytes.ts';

/** A UDP socket of this network namespace, as the kernel tells of it. */
export interface UdpSocket {
  /** As ipText() writes it. */
  ip: string;
  port: number;
  /** What waits to be read, as the buffer counts it: with the kernel's own overhead. */
  queuedBytes: number;
  /** Datagrams that it had no room for, since it was opened. */
  drops: number;
  inode: number;
}

/**
 * Reads all UDP sockets (/proc/net/udp and udp6, proc_pid_net(5)). The kernel may leave one out when others come and
 * go meanwhile.
 *
 * @returns none where there is no /proc
 */
export async function readUdpSockets(): Promise<UdpSocket[]> {
  const texts = await Promise.all(
    ['udp', 'udp6'].map((file) => readFile(`/proc/net/${file}`, 'latin1').catch(() => '')),
  );
  return texts.flatMap((text) => text.trim().split('\n').slice(1).map(parseLine));
}

function parseLine(line: string): UdpSocket {
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
}

/** Words of four bytes, each written as the number that this machine takes them for. */
function addressBytes(hex: string): Buffer {
  const bytes = Buffer.from(hex, 'hex');
  return endianness() === 'LE' ? bytes.swap32() : bytes;
}
