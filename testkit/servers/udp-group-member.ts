/**
 * The program that without-worker.test.ts runs in place of workers, hence a file of its own: a process
 * with a socket in an SO_REUSEPORT group, which sends each datagram to its parent in base64.
 *
 * Arguments: the IP address and the port.
 */
import { createSocket } from 'node:dgram';
import { isIPv6 } from 'node:net';

const [ip = '', port] = process.argv.slice(2);
const family = isIPv6(ip)
  ? ({ type: 'udp6', ipv6Only: true } as const)
  : ({ type: 'udp4' } as const);
const socket = createSocket({ ...family, reusePort: true });
socket.on('message', (message) => process.send?.(message.toString('base64')));
socket.bind(Number(port), ip, () => process.send?.('ready'));
process.on('disconnect', () => process.exit());
