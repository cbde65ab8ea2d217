import { readUdpSockets } from '../ports/udp-sockets.ts';

/**
 * For tests: what waits in the buffers of all sockets that are bound to a port, and how many datagrams they had no
 * room for.
 *
 * @param port - IPv4 or IPv6, 1 to 65535
 */
export async function udpQueue(
  port: number,
  attempts = 10,
): Promise<{ bytes: number; drops: number }> {
  const sockets = (await readUdpSockets()).filter((socket) => socket.port === port);

  // The kernel may skip a socket when others come and go while the file is read.
  if (sockets.length === 0 && attempts > 1) return udpQueue(port, attempts - 1);
  if (sockets.length === 0) throw new Error(`no UDP socket has port ${port}`);
  return {
    bytes: sum(sockets.map(({ queuedBytes }) => queuedBytes)),
    drops: sum(sockets.map(({ drops }) => drops)),
  };
}

function sum(numbers: number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
