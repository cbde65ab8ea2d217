import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { freePorts } from '../../testkit/servers/free-ports.ts';
import { openDelayRelay, relayAddress } from './delay-relay.ts';

const rtt = 40;
/** Node's timers are in whole milliseconds. */
const roughly = rtt - 2;

test('TCP and UDP take a round trip longer, and stay in order', async () => {
  const port = await freePorts(1);
  const tcp = createServer((socket) => socket.pipe(socket)).listen(port, '127.0.0.1');
  const udp = createSocket('udp4').bind(port, '127.0.0.1');
  onTestFinished(() => void tcp.close());
  onTestFinished(() => void udp.close());
  udp.on('message', (message, from) => udp.send(message, from.port, from.address));
  await Promise.all([once(tcp, 'listening'), once(udp, 'listening')]);
  await using relay = await openDelayRelay(port, port);
  relay.rtt = rtt;

  const client = createSocket('udp4');
  onTestFinished(() => void client.close());
  const answers: string[] = [];
  const all = new Promise<void>((resolve) => {
    client.on('message', (answer) => answers.push(String(answer)) === 20 && resolve());
  });
  const sent = Array.from({ length: 20 }, (_, n) => String(n));
  let start = performance.now();
  for (const text of sent) {
    client.send(text, port, relayAddress);
  }
  await all;
  expect(performance.now() - start).toBeGreaterThan(roughly);
  expect(answers).toEqual(sent);

  start = performance.now();
  const socket = connect(port, relayAddress);
  socket.write('a');
  await once(socket, 'data');
  // The handshake, and the data.
  expect(performance.now() - start).toBeGreaterThan(2 * roughly);
  start = performance.now();
  socket.write('b');
  const [answer] = await once(socket, 'data');
  expect(performance.now() - start).toBeGreaterThan(roughly);
  expect(String(answer)).toBe('b');
  socket.destroy();
});
