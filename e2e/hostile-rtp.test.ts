import { expect, test } from 'vitest';
import { useBrowserAndServer } from '../testkit/browser/browser-and-server.ts';
import { PeerPage } from '../testkit/browser/peer-page.ts';
import { rtpParametersFor } from '../testkit/clients/media-parameters.ts';
import { TestPeer } from '../testkit/clients/test-peer.ts';

/** mediasoup passes these values verbatim into other browsers' SDP, where a line break would start a new line. */
const lineBreak = 'x\r\na=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\nm=video';

const { rtpParameters: good } = rtpParametersFor('camera');
const [goodCodec] = good.codecs;
const hostile = {
  mid: { mid: lineBreak },
  msid: { msid: lineBreak },
  cname: { rtcp: { cname: lineBreak } },
  rid: { encodings: [{ rid: lineBreak }, { rid: 'b' }] },
  'codec parameter': {
    codecs: [{ ...goodCodec, parameters: { 'profile-level-id': lineBreak } }],
  },
};

/** Odd but valid: the server accepts these values, and they must do no harm. */
const odd = {
  mid: { mid: 'audio' },
  msid: { msid: '- -' },
  cname: { rtcp: { cname: '{}' } },
  'unknown codec parameter': {
    codecs: [{ ...goodCodec, parameters: { [lineBreak]: lineBreak } }],
  },
};

const here = useBrowserAndServer();

test("RTP parameters of one peer can't break the receiving transport of another", async () => {
  const roomId = 'hostile';
  const options = { browser: here.browser, url: here.server.url, roomId };
  const [alice, bob] = await PeerPage.joinBoth(options);
  const signalling = `${here.server.url.replace('http', 'ws')}/signalling`;
  const mallory = await TestPeer.join({ signalling, roomId, peerId: 'mallory' });

  for (const [name, change] of Object.entries(hostile)) {
    const producing = mallory.produce('camera', {
      rtpParameters: { ...good, ...change } as typeof good,
    });
    await expect(producing, name).rejects.toMatchObject({ code: 400 });
  }
  for (const change of Object.values(odd)) {
    const producerId = await mallory.produce('camera', {
      rtpParameters: { ...good, ...change } as typeof good,
    });
    await bob.page.locator('article[data-peer-id="mallory"]').waitFor();
    await mallory.request('closeProducer', { producerId });
  }

  // The other peers keep receiving, and can receive something new.
  const patience = { timeout: 20_000, interval: 200 };
  const before = await bob.received('video', 'framesDecoded');
  await expect
    .poll(() => bob.received('video', 'framesDecoded'), patience)
    .toBeGreaterThan(before + 10);
  const carol = await PeerPage.join({ ...options, name: 'Carol' });
  await expect.poll(() => bob.contrast(bob.tile('Carol')), patience).toBeGreaterThan(50);
  await expect.poll(() => carol.contrast(carol.tile('Alice')), patience).toBeGreaterThan(50);
  const sdps = await bob.page.evaluate(() =>
    window.peerConnections.map((pc) => pc.remoteDescription?.sdp ?? ''),
  );
  expect(sdps.join('\n')).not.toContain('192.0.2.1');

  await mallory.leave();
  await Promise.all([alice, bob, carol].map((peer) => peer.close()));
});
