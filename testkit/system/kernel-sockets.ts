/** Sockets as the kernel reports them. */
import { execFileSync } from 'node:child_process';
import { readUdpSockets } from '../../server/src/net/udp-sockets.ts';

export interface KernelSocket {
  /** Such as `udp 127.0.0.1:44444`. */
  local: string;
  /** Of connections only. */
  remote: string;
  /** The process that has it open. */
  pid: number;
}

/**
 * Lists this machine's sockets by ss(8).
 *
 * @param which - listening: those that receive from anybody; connected: TCP connections
 */
export function kernelSockets(which: 'listening' | 'connected'): KernelSocket[] {
  // For ss, a UDP socket that receives is "unconnected".
  const states =
    which === 'listening' ? ['state', 'listening', 'state', 'unconnected'] : ['state', 'connected'];
  const output = execFileSync('ss', ['-H', '-tunp', ...states], { encoding: 'utf8' });
  return output.split('\n').flatMap((line) => {
    const fields = line.trim().split(/\s+/);
    const pids = [...line.matchAll(/pid=(\d+)/g)].map(([, pid]) => Number(pid));
    // Netid, state (absent when only one is requested), two queues, local, remote, processes.
    const at = fields.findIndex((field, i) => i > 1 && /:(\d+|\*)$/.test(field));
    const [protocol = '', local, remote] = [fields[0], fields[at], fields[at + 1]];
    return pids.map((pid) => ({
      local: `${protocol} ${local}`,
      remote: `${protocol} ${remote}`,
      pid,
    }));
  });
}

/**
 * The bytes in the receive queues of all UDP sockets that are bound to some ports, and the number of
 * datagrams that were dropped because a queue was full.
 *
 * @param ports - IPv4 or IPv6, 1 to 65535
 */
export async function udpQueue(...ports: number[]): Promise<{ bytes: number; drops: number }> {
  // The kernel may skip a socket while others are opened and closed.
  for (let attempt = 0; attempt < 10; attempt++) {
    const sockets = (await readUdpSockets()).filter(({ port }) => ports.includes(port));
    if (ports.some((port) => !sockets.some((socket) => socket.port === port))) {
      continue;
    }
    return {
      bytes: sum(sockets.map(({ queuedBytes }) => queuedBytes)),
      drops: sum(sockets.map(({ drops }) => drops)),
    };
  }
  throw new Error(`no UDP socket is bound to one of the ports ${ports.join(', ')}`);
}

function sum(numbers: number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
