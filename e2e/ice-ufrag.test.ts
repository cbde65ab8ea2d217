import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { ownerOfUfrag } from '../server/src/ports/ice-ufrag.ts';
import { launchChromium } from '../testkit/browser/chromium.ts';
import { PeerPage } from '../testkit/browser/peer-page.ts';
import { obstacleToSharedPort } from '../testkit/browser/port-matrix.ts';
import { usernameOf } from '../testkit/clients/stun.ts';
import { TestPeer } from '../testkit/clients/test-peer.ts';
import { startServerProcess } from '../testkit/servers/server-process.ts';
import { skipWithPrebuiltWorker } from '../testkit/servers/test-worker.ts';
import { UdpTap } from '../testkit/system/udp-tap.ts';

/** The modes with a WebRtcServer, where one port receives the packets of all peers. */
const modes = [
  { mode: 'single-port', env: { MEDIASOUP_USE_WEBRTC_SERVER: 'true' } },
  ...(obstacleToSharedPort
    ? []
    : [{ mode: 'shared-port', env: { MEDIASOUP_USE_WEBRTC_SERVER: 'shared' } }]),
];

const roomId = 'stand-up_1';
const patience = { timeout: 30_000, interval: 200 };

let browser: Browser;

beforeEach(skipWithPrebuiltWorker);

beforeAll(async () => {
  browser = await launchChromium();
});

afterAll(() => browser.close());

test.each(modes)(
  'in $mode a capture identifies room and peer of each connection',
  async ({ env }) => {
    await using stack = new AsyncDisposableStack();
    const server = await startServerProcess({
      ...env,
      ICE_UFRAG: 'room-and-peer',
      MEDIASOUP_ANNOUNCED_ADDRESS: UdpTap.address,
    });
    stack.defer(() => server.stop());
    const tap = await UdpTap.open(server.mediaPort);
    stack.defer(() => tap.close());

    const peerIds = new Set<string | null>();
    const peers: PeerPage[] = [];
    for (const name of ['Alice', 'Bob']) {
      const peer = await PeerPage.join({
        browser,
        url: server.url,
        roomId,
        name,
        prepare: async (page) => {
          page.on('websocket', (socket) => {
            peerIds.add(new URL(socket.url()).searchParams.get('peerId'));
          });
        },
      });
      stack.defer(() => peer.close());
      peers.push(peer);
    }
    for (const peer of peers) {
      await expect
        .poll(() => peer.received('video', 'framesDecoded'), patience)
        .toBeGreaterThan(10);
    }

    const usernames = tap.captured.map(usernameOf).filter((username) => username !== undefined);
    const ufrags = new Set(usernames.map((username) => username.split(':')[0] ?? ''));
    expect(ufrags.size, 'two peers with two transports each').toBe(4);
    const owners = usernames.map(ownerOfUfrag);
    expect(new Set(owners.map((owner) => owner?.roomId))).toEqual(new Set([roomId]));
    expect(new Set(owners.map((owner) => owner?.peerId))).toEqual(peerIds);
    expect(peerIds.size).toBe(2);
  },
);

test.each(['true', 'false', ...(obstacleToSharedPort ? [] : ['shared'])])(
  'MEDIASOUP_USE_WEBRTC_SERVER=%s: ufrags contain room and peer only if ICE_UFRAG asks for it',
  async (useWebRtcServer) => {
    const ufragsWith = async (env: Record<string, string>) => {
      await using stack = new AsyncDisposableStack();
      const server = await startServerProcess({
        MEDIASOUP_USE_WEBRTC_SERVER: useWebRtcServer,
        ...env,
      });
      stack.defer(() => server.stop());
      const signalling = `${server.url.replace('http', 'ws')}/signalling`;
      const peer = await TestPeer.join({ signalling, roomId, peerId: 'alice_7' });
      const { sendTransport, recvTransport } = await peer.welcome();
      return [sendTransport, recvTransport].map((one) => one?.iceParameters.usernameFragment ?? '');
    };

    const named = await ufragsWith({ ICE_UFRAG: 'room-and-peer' });
    expect(new Set(named).size).toBe(2);
    for (const ufrag of named) {
      expect(ownerOfUfrag(ufrag)).toEqual({ roomId, peerId: 'alice_7' });
    }
    for (const ufrag of await ufragsWith({})) {
      expect(ufrag).toMatch(/^[a-z0-9]{32}$/);
    }
  },
);
