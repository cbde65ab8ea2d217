/**
 * Records what Chromium sends: its RTP packets as they reach the server. Writes bench/load/recordings, which the load
 * generator replays.
 */
import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { notifications } from '@oneport/protocol';
import type { types } from 'mediasoup';
import type { Page } from 'playwright-core';
import { launchChromium } from '../../testkit/browser/chromium.ts';
import { PeerPage } from '../../testkit/browser/peer-page.ts';
import { startTestServer } from '../../testkit/servers/test-server.ts';
import { startsKeyFrame } from './key-frame.ts';
import {
  formatRecording,
  type RecordedCodec,
  type RecordedPacket,
  recordingFile,
  type VideoCodec,
} from './recording.ts';
import { parseRtp } from './rtp-packet.ts';

/** Until Chromium's bandwidth estimate lets it send all layers in full. */
const warmUpMs = 12_000;

/**
 * Records a camera and a microphone of one Chromium in a room of a server of its own.
 *
 * @param codec - the camera's
 * @param seconds - the length of the recording
 * @returns the bytes written, by codec
 */
export async function record(
  codec: VideoCodec,
  seconds: number,
): Promise<Partial<Record<RecordedCodec, number>>> {
  await using cleanUp = new AsyncDisposableStack();
  const server = await startTestServer();
  cleanUp.defer(() => server.stop());
  const producers = new Map<types.MediaKind, Promise<Capture>>();
  for (const { worker } of server.pool.workers) {
    worker.observer.on('newrouter', (router) => {
      router.observer.on('newtransport', (transport) => {
        transport.observer.on('newproducer', (producer) => {
          producers.set(producer.kind, Capture.start(router, producer));
        });
      });
    });
  }
  const browser = await launchChromium({ highResolution: true });
  cleanUp.defer(() => browser.close());
  await PeerPage.join({
    browser,
    url: server.url.replace('127.0.0.1', 'localhost'),
    roomId: 'recording',
    name: 'Recorded',
    prepare: (page) => offerOnly(page, codec),
  });
  await sleep(warmUpMs);
  const recorded = await Promise.all([
    producers.get('audio')?.then((capture) => capture.record('opus', seconds)),
    producers.get('video')?.then((capture) => capture.record(codec, seconds)),
  ]);
  const written: Partial<Record<RecordedCodec, number>> = {};
  for (const [i, of] of (['opus', codec] as const).entries()) {
    const file = formatRecording(recorded[i] ?? []);
    writeFileSync(recordingFile(of), file);
    written[of] = file.length;
  }
  return written;
}

/** Lets the page think that the server has only this video codec. */
async function offerOnly(page: Page, codec: VideoCodec): Promise<void> {
  await page.routeWebSocket(/\/signalling/, (socket) => {
    const server = socket.connectToServer();
    server.onMessage((text) => {
      const message = JSON.parse(String(text));
      if (message.method === 'welcome') {
        const welcome = notifications.welcome.parse(message.data);
        const { codecs } = welcome.routerRtpCapabilities;
        const payloadTypes = codecs
          .filter(({ mimeType }) => mimeType.toLowerCase() === `video/${codec}`)
          .map(({ preferredPayloadType }) => preferredPayloadType);
        welcome.routerRtpCapabilities.codecs = codecs.filter(
          ({ kind, preferredPayloadType, parameters }) =>
            kind === 'audio' ||
            payloadTypes.includes(preferredPayloadType) ||
            payloadTypes.includes(Number(parameters?.apt)),
        );
        socket.send(JSON.stringify({ ...message, data: welcome }));
      } else {
        socket.send(text);
      }
    });
  });
}

/** Receives all layers of a producer as the worker has them. */
class Capture {
  readonly #consumer: types.Consumer;

  static async start(router: types.Router, producer: types.Producer): Promise<Capture> {
    const transport = await router.createDirectTransport();
    const { rtpCapabilities } = router;
    return new Capture(
      await transport.consume({ producerId: producer.id, rtpCapabilities, pipe: true }),
    );
  }

  private constructor(consumer: types.Consumer) {
    this.#consumer = consumer;
  }

  /** @returns the packets of each layer from a key frame on */
  async record(codec: RecordedCodec, seconds: number): Promise<RecordedPacket[][]> {
    const ssrcs = (this.#consumer.rtpParameters.encodings ?? []).map(({ ssrc }) => ssrc);
    const layers = ssrcs.map(() => new Layer());
    const listen = (packet: Buffer) => {
      const rtp = parseRtp(packet);
      const layer = layers[ssrcs.indexOf(rtp?.ssrc)];
      if (rtp && layer && rtp.payloadEnd > rtp.payloadAt) {
        const payload = Buffer.from(packet.subarray(rtp.payloadAt, rtp.payloadEnd));
        if (layer.packets.length > 0 || codec === 'opus' || startsKeyFrame(codec, payload)) {
          layer.add(rtp.timestamp, rtp.marker, payload);
        }
      }
    };
    this.#consumer.on('rtp', listen);
    if (codec !== 'opus') {
      await this.#consumer.requestKeyFrame();
    }
    await sleep(seconds * 1000);
    this.#consumer.off('rtp', listen);
    return layers.map((layer) => layer.wholeFrames()).filter(({ length }) => length > 0);
  }
}

class Layer {
  readonly packets: RecordedPacket[] = [];
  #first: { at: number; timestamp: number } | undefined;

  add(timestamp: number, marker: boolean, payload: Buffer): void {
    const now = performance.now();
    this.#first ??= { at: now, timestamp };
    this.packets.push({
      at: Math.round(now - this.#first.at),
      timestamp: (timestamp - this.#first.timestamp) >>> 0,
      marker,
      payload,
    });
  }

  /** Without the beginning of a frame whose end is missing. Opus marks no ends. */
  wholeFrames(): RecordedPacket[] {
    const last = this.packets.findLastIndex(({ marker }) => marker);
    return last < 0 ? this.packets : this.packets.slice(0, last + 1);
  }
}
