import type { Group, Scenario } from '../scenario.ts';

const clients = [
  ['oneport', 'app'],
  ["the demo's flow", 'demo'],
] as const;

/** A browser's driver and a bundler are loaded for runs only. */
function scenario(rtt: number): Scenario {
  return {
    name: `joining/rtt-${rtt}`,
    title: `${rtt} ms round trip`,
    short: false,
    subjects: (options) =>
      clients.map(([name, client]) => ({
        name,
        async run() {
          const { measureJoining } = await import('./joining.ts');
          return measureJoining(options, client, rtt);
        },
      })),
  };
}

export const joining: Group = {
  name: 'joining',
  title: 'Joining',
  text: `
A Chromium joins a room with one publisher, and receives. Measured is the time from opening the WebSocket to the first decoded frame.
Relays delay TCP and UDP by half of the round-trip time in each direction, also for the publisher, so that a key frame
that the server requests takes a round trip as well; TCP's handshake is charged as a round trip. There is no TLS.

*The demo's flow* is a second client of the same server, with mediasoup-client: where the official mediasoup-demo asks for
something and waits (router capabilities, two transports one after the other, the connection of the transport, \`join\`), it waits for a round
trip. *Round trips* is the time that distance adds, divided by the round-trip time. For oneport, these are TCP's handshake, the WebSocket's upgrade (with
\`welcome\` right behind it), ICE, two flights of DTLS 1.2, and the key frame, for which the publisher's round trip is added.`,
  figures: {
    frame: { title: 'first frame', unit: 'ms', better: 'lower', ratio: true },
    roundTrips: { title: 'round trips', unit: '', better: 'lower' },
  },
  plot: { figure: 'frame' },
  scenarios: [scenario(0), scenario(50), scenario(200)],
};
