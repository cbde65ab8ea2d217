/**
 * A server that listens on all addresses. all-addresses.test.ts runs it inside its network namespace, with the port
 * mode and the namespace's addresses as arguments. Prints one line of JSON: the answer of `/ready`, which checks all
 * addresses itself, and the result for each candidate.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { PortEntry } from '../server/src/ports/types.ts';
import { checkIce } from '../testkit/clients/ice-peer.ts';
import { TestPeer } from '../testkit/clients/test-peer.ts';
import { startTestServer } from '../testkit/servers/test-server.ts';

const [, , useWebRtcServer = '', address4 = '', address6 = ''] = process.argv;
const { url, signalling, ports, stop } = await startTestServer({
  MEDIASOUP_USE_WEBRTC_SERVER: useWebRtcServer,
  MEDIASOUP_LISTEN_IP: '0.0.0.0,::',
  MEDIASOUP_ANNOUNCED_ADDRESS: `${address4},${address6}`,
});
const ready = await (await fetch(`${url}/ready`)).json();
const peer = await TestPeer.join({ signalling });
const { sendTransport } = await peer.welcome();
const results = [];
for (const { protocol, address, port } of sendTransport?.iceCandidates ?? []) {
  const ice = sendTransport?.iceParameters;
  if (!ice) {
    continue;
  }
  await using checked = await checkIce({ protocol, address, port }, ice);
  const entries = await untilInPortMap(checked.from.port);
  results.push({
    protocol,
    address,
    result: checked.result,
    from: checked.from.address,
    inPortMap: entries.map((entry) => [entry.protocol, entry.ip, entry.announced[0].address]),
  });
}
console.log(JSON.stringify({ ready, results }));
await peer.leave();
await stop();

/** The worker reports the tuple to Node after it has answered the client. */
async function untilInPortMap(remotePort: number): Promise<PortEntry[]> {
  for (let attempt = 0; ; attempt++) {
    const entries = (await ports.snapshot()).ports.filter(({ transports }) =>
      transports.some(({ remote }) => remote?.port === remotePort),
    );
    if (entries.length > 0 || attempt === 100) {
      return entries;
    }
    await sleep(50);
  }
}
