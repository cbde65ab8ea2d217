/**
 * A call of two Chromium peers, one over UDP and one over TCP. one-port.test.ts runs it inside its network namespace,
 * with the address as argument. Prints what they have received, and which ports are open, as one line of JSON.
 */
import { execFileSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { launchChromium } from '../testkit/browser/chromium.ts';
import { PeerPage } from '../testkit/browser/peer-page.ts';
import { startServerProcess } from '../testkit/servers/server-process.ts';

const port = 443;
const [, , address = ''] = process.argv;
await using stack = new AsyncDisposableStack();
const server = await startServerProcess({
  MEDIASOUP_USE_WEBRTC_SERVER: 'shared',
  MEDIASOUP_NUM_WORKERS: '2',
  MEDIASOUP_LISTEN_IP: address,
  MEDIASOUP_PORT: String(port),
  HTTP_HOST: address,
  HTTP_PORT: String(port),
  HTTPS: 'self-signed',
});
stack.defer(() => server.stop());
const browser = await launchChromium();
stack.defer(() => browser.close());

const peers: PeerPage[] = [];
for (const name of ['udp', 'tcp']) {
  const url = `https://${address}`;
  const peer = await PeerPage.join({ browser, url, roomId: 'one', name, forceTcp: name === 'tcp' });
  stack.defer(() => peer.close());
  peers.push(peer);
}
const received = [];
for (const peer of peers) {
  for (let attempt = 0; attempt < 100; attempt++) {
    const selected = await peer.selectedCandidates();
    // TCP may be ready before UDP, which the page then returns to.
    const settled = selected.every(({ protocol }) => protocol === peer.name);
    if (settled && (await peer.received('video', 'framesDecoded')) > 10) {
      break;
    }
    await sleep(200);
  }
  received.push({
    framesDecoded: await peer.received('video', 'framesDecoded'),
    selected: await peer.selectedCandidates(),
  });
}
console.log(JSON.stringify({ received, open: openAt(address) }));

/** The ports that the server and its workers have open at an address, from ss(8): `udp 443`. */
function openAt(local: string): string[] {
  const children = execFileSync('ps', ['-o', 'pid=', '--ppid', String(server.process.pid)]);
  const pids = [String(server.process.pid), ...String(children).trim().split(/\s+/)];
  const lines = execFileSync('ss', ['-Hlntup'], { encoding: 'utf8' }).split('\n');
  const ours = lines.filter((line) => pids.some((pid) => line.includes(`pid=${pid},`)));
  const open = ours.flatMap((line) => {
    const [protocol, , , , at = ''] = line.split(/\s+/);
    return at.startsWith(`${local}:`) ? [`${protocol} ${at.split(':').at(-1)}`] : [];
  });
  return [...new Set(open)].sort();
}
