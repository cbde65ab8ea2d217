/** A distant server: relays of UDP and TCP that hold back what passes through, in both directions. */
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** The relays listen here; the servers behind them are at 127.0.0.1. */
export const relayAddress = '127.0.0.2';

export interface DelayRelay extends AsyncDisposable {
  /** The round-trip time from now on, in ms; messages underway keep the earlier one. */
  rtt: number;
}

/**
 * @param tcpPort - of a server at 127.0.0.1, and of the relay
 * @param udpPort - likewise
 */
export async function openDelayRelay(tcpPort: number, udpPort: number): Promise<DelayRelay> {
  await using cleanUp = new AsyncDisposableStack();
  let rtt = 0;
  const tcp = await relayTcp(tcpPort, () => rtt);
  cleanUp.use(tcp);
  const udp = await relayUdp(udpPort, () => rtt);
  cleanUp.use(udp);
  const opened = cleanUp.move();
  return {
    get rtt() {
      return rtt;
    },
    set rtt(value) {
      rtt = value;
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

/** Timers of equal length fire in the order in which they were started, so packets keep theirs. */
function after(ms: number, pass: () => void): void {
  if (ms > 0) {
    setTimeout(pass, ms);
  } else {
    pass();
  }
}

async function relayUdp(port: number, rtt: () => number): Promise<AsyncDisposable> {
  const outside = createSocket('udp4').bind(port, relayAddress);
  await once(outside, 'listening');
  const onward = new Map<number, UdpSocket>();
  let closed = false;
  outside.on('message', (message, from) => {
    let socket = onward.get(from.port);
    if (!socket) {
      socket = createSocket('udp4');
      onward.set(from.port, socket);
      socket.on('message', (answer) => {
        after(rtt() / 2, () => closed || outside.send(answer, from.port, from.address));
      });
    }
    const to = socket;
    after(rtt() / 2, () => closed || to.send(message, port, '127.0.0.1'));
  });
  return {
    async [Symbol.asyncDispose]() {
      closed = true;
      outside.close();
      for (const socket of onward.values()) {
        socket.close();
      }
    },
  };
}

async function relayTcp(port: number, rtt: () => number): Promise<AsyncDisposable> {
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (outside) => {
    const inside = connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
    // The kernel completes the client's TCP handshake at once. Its data waits for the time that the handshake would take.
    const connectedAt = performance.now() + rtt();
    pass(outside, inside, () => Math.max(0, connectedAt - performance.now()) + rtt() / 2);
    pass(inside, outside, () => rtt() / 2);
    for (const socket of [outside, inside]) {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
    }
  });
  server.listen(port, relayAddress);
  await once(server, 'listening');
  return {
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) {
        socket.destroy();
      }
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function pass(from: Socket, to: Socket, delay: () => number): void {
  let last = 0;
  const later = (work: () => void) => {
    // No byte overtakes another, although the first ones wait longer.
    last = Math.max(last, performance.now() + delay());
    after(last - performance.now(), work);
  };
  from.on('data', (data) => later(() => to.writable && to.write(data)));
  from.on('end', () => later(() => to.end()));
  from.on('error', () => to.destroy());
}
