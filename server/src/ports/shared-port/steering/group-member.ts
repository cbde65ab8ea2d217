/**
 * For without-worker.test.ts: a process that has a socket in the group of an address, and tells its parent each
 * datagram, in base64. Arguments: the IP address, the port.
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
