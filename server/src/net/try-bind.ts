import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, isIPv6 } from 'node:net';
import type { types } from 'mediasoup';

/**
 * Binds and lets go again, to learn why mediasoup could not: its own errors are texts in its log.
 * As there (`listenInfoOf`), `::` is IPv6 only.
 *
 * @param protocol - udp or tcp
 * @param ip - an address of this machine
 * @param port - 0: any
 * @returns the code of bind(2)'s or listen(2)'s error, such as EADDRINUSE; undefined when it worked
 */
export async function tryBind(
  protocol: types.TransportProtocol,
  ip: string,
  port: number,
): Promise<string | undefined> {
  try {
    if (protocol === 'udp') {
      const socket = createSocket({ type: isIPv6(ip) ? 'udp6' : 'udp4', ipv6Only: isIPv6(ip) });
      socket.bind({ address: ip, port, exclusive: true });
      await once(socket, 'listening');
      await new Promise<void>((resolve) => socket.close(resolve));
    } else {
      const server = createServer().listen({ host: ip, port, exclusive: true, ipv6Only: true });
      await once(server, 'listening');
      await new Promise((resolve) => server.close(resolve));
    }
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  }
}
