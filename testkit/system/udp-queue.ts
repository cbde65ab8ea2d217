import { readUdpSockets } from '../../server/src/net/udp-sockets.ts';

/**
 * For tests: what waits in the buffers of all sockets that are bound to some ports, and how many datagrams they had no
 * room for.
 *
 * @param ports - IPv4 or IPv6, 1 to 65535
 */
export async function udpQueue(...ports: number[]): Promise<{ bytes: number; drops: number }> {
  // The kernel may skip a socket when others come and go while the file is read.
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
  throw new Error(`no UDP socket has one of the ports ${ports.join(', ')}`);
}

function sum(numbers: number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
