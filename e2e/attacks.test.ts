import { randomBytes } from 'node:crypto';
import { expect, onTestFinished, test } from 'vitest';
import { bindingRequest } from '../server/src/stun/stun-message.ts';
import { launchChromium } from '../testkit/browser/chromium.ts';
import { PeerPage } from '../testkit/browser/peer-page.ts';
import { obstacleToSharedPort } from '../testkit/browser/port-matrix.ts';
import { bindUdp } from '../testkit/clients/dtls-peer.ts';
import { TestPeer } from '../testkit/clients/test-peer.ts';
import { startSharedServer } from '../testkit/servers/shared-port.ts';
import { UdpTap } from '../testkit/system/udp-tap.ts';

const patience = { timeout: 30_000, interval: 200 };
/** A few seconds of a call. */
const frames = 60;
const password = 'not a valid password';

test.skipIf(obstacleToSharedPort)(
  'a call continues while packets with its peers’ addresses are forged',
  async () => {
    const server = await startSharedServer({
      MEDIASOUP_NUM_WORKERS: '2',
      MEDIASOUP_ANNOUNCED_ADDRESS: UdpTap.address,
    });
    const tap = await UdpTap.open(server.mediaPort);
    onTestFinished(() => tap.close());
    const browser = await launchChromium();
    onTestFinished(() => browser.close());
    const stranger = await bindUdp();

    const { url, signalling, ports } = server;
    const [alice, bob] = await PeerPage.joinBoth({ browser, url, roomId: 'call' });
    // On the other worker.
    const other = await TestPeer.join({ signalling, roomId: 'elsewhere' });
    onTestFinished(async () => void (await other.leave()));
    const decoded = async () =>
      await Promise.all([alice, bob].map((peer) => peer.received('video', 'framesDecoded')));
    await expect.poll(async () => Math.min(...(await decoded())), patience).toBeGreaterThan(10);
    const connections = () =>
      Promise.all(
        [alice, bob].map(({ page }) => page.evaluate(() => window.peerConnections.length)),
      );

    const [group] = ports.steering.groups;
    const owners = () =>
      new Map(group?.readTuplesForTesting().map(({ remote, owner }) => [remote.port, owner]));
    const [before, ownersBefore, connectionsBefore] = [
      group?.counters(),
      owners(),
      await connections(),
    ];
    const wanted = (await decoded()).map((count) => count + frames);
    const ufrags = [...ports.steering.tables.readUfragsForTesting().keys()];
    const sent = { unknown: 0, malformed: 0, known: 0, junk: 0 };
    for (let length = 0; (await decoded()).some((count, i) => count < (wanted[i] ?? 0)); length++) {
      const unknown = bindingRequest({
        usernameFragment: randomBytes(16).toString('hex'),
        password,
      });
      sent.unknown += await tap.forge(unknown);
      sent.malformed += await tap.forge(unknown.subarray(0, 20 + (length % 40)));
      for (const usernameFragment of ufrags) {
        sent.known += await tap.forge(bindingRequest({ usernameFragment, password }));
      }
      stranger.send(randomBytes(100), server.mediaPort, '127.0.0.1');
      sent.junk += 1;
    }

    const refused = (counters = group?.counters()) =>
      (counters?.tupleRejected ?? 0) + (counters?.stunTupleInUse ?? 0);
    await expect
      .poll(() => ({ ...group?.counters(), refused: refused() }))
      .toMatchObject({
        stunUnknownUfrag: (before?.stunUnknownUfrag ?? 0) + sent.unknown,
        stunMalformed: (before?.stunMalformed ?? 0) + sent.malformed,
        dataUnknownTuple: (before?.dataUnknownTuple ?? 0) + sent.junk,
        // One of the ufrags belongs to the address itself.
        refused: refused(before) + (sent.known * (ufrags.length - 1)) / ufrags.length,
        tupleAdded: before?.tupleAdded,
      });
    expect(owners()).toEqual(ownersBefore);
    expect(await connections()).toEqual(connectionsBefore);
    expect(Math.min(...Object.values(sent))).toBeGreaterThan(0);
  },
);
