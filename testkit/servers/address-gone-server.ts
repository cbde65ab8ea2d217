/**
 * A server one of whose addresses vanishes, after which a worker dies. listen-addresses.test.ts runs it inside its network
 * namespace, with the port mode and that address as arguments, and gets the address back. Prints one line of JSON: the
 * addresses of a transport before and after, and whether the last one receives packets.
 */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { checkIce } from '../clients/ice-peer.ts';
import { TestPeer } from '../clients/test-peer.ts';
import { startTestServer } from './test-server.ts';

const [, , useWebRtcServer = '', address = ''] = process.argv;
const { pool, signalling, stop } = await startTestServer({
  MEDIASOUP_USE_WEBRTC_SERVER: useWebRtcServer,
  MEDIASOUP_LISTEN_IP: '',
});

async function openTransport(roomId: string) {
  const peer = await TestPeer.join({ signalling, roomId });
  const { sendTransport } = await peer.welcome();
  if (!sendTransport) {
    throw new Error('no transport');
  }
  const { iceCandidates, iceParameters } = sendTransport;
  const candidates = iceCandidates.filter(({ protocol }) => protocol === 'udp');
  return { addresses: candidates.map((one) => one.address), candidates, iceParameters };
}

const before = await openTransport('before');
execFileSync('ip', ['address', 'delete', `${address}/24`, 'dev', 'media0']);
const restarted = once(pool, 'workerstarted');
process.kill(pool.workers[0]?.worker.pid ?? 0, 'SIGKILL');
await restarted;
const after = await openTransport('after');
const last = after.candidates.at(-1);
const checked = last && (await checkIce({ ...last, protocol: 'udp' }, after.iceParameters));
console.log(
  JSON.stringify({
    before: before.addresses,
    after: after.addresses,
    result: checked?.result,
  }),
);
await checked?.[Symbol.asyncDispose]();
await stop();
execFileSync('ip', ['address', 'add', `${address}/24`, 'dev', 'media0']);
execFileSync('ip', ['route', 'replace', 'default', 'via', address.replace(/\d+$/, '254')]);
