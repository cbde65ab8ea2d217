import { readFileSync } from 'node:fs';

/**
 * For tests: what waits in the buffers of all sockets that are bound to a port, and how many datagrams they had no
 * room for (/proc/net/udp, proc_pid_net(5)).
 *
 * @param port - IPv4, 1 to 65535
 */
export function udpQueue(port: number, attempts = 10): { bytes: number; drops: number } {
  const address = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const sockets = readFileSync('/proc/net/udp', 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[1]?.endsWith(address));

  // The kernel may skip a socket when others come and go while the file is read.
  if (sockets.length === 0 && attempts > 1) return udpQueue(port, attempts - 1);
  if (sockets.length === 0) throw new Error(`no UDP socket has port ${port}`);
  return {
    bytes: sum(sockets.map((fields) => Number.parseInt(fields[4]?.split(':')[1] ?? '', 16))),
    drops: sum(sockets.map((fields) => Number(fields[12]))),
  };
}

function sum(numbers: number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
