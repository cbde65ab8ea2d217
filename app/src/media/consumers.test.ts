import { type ConsumerOffer, lineSchema, type RequestMethod } from '@oneport/protocol';
import type { types } from 'mediasoup-client';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { SendRequest } from '../signalling/signalling.ts';
import { Consumers, tileKey } from './consumers.ts';
import type { TileView } from './layers.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const offer = (name: string, change: Partial<ConsumerOffer> = {}): ConsumerOffer => ({
  consumerId: `consumer-${name}`,
  producerId: `producer-${name}`,
  peerId: name,
  source: 'camera',
  kind: 'video',
  type: 'simulcast',
  rtpParameters: { codecs: [], encodings: [{ scalabilityMode: 'L3T3' }] },
  producerPaused: false,
  ...change,
});

/** A browser that fails a whole batch because of one bad offer, as setRemoteDescription() does. */
function setUp(bad = new Set<string>(), error = 'setRemoteDescription failed') {
  const sent: [RequestMethod, Record<string, unknown>][] = [];
  const views = new Map<string, TileView>();
  const closed: string[] = [];
  const onChange = vi.fn();
  const onBroken = vi.fn();
  const failures = { unsupported: new Map<string, string>(), suspected: new Set<string>() };
  let batch: string[] = [];
  const transport = {
    async consume({ id, producerId, kind }: types.ConsumerOptions) {
      batch.push(producerId);
      await Promise.resolve();
      const failed = batch.some((producerId) => bad.has(producerId));
      await Promise.resolve();
      batch = [];
      if (failed) {
        throw new Error(error);
      }
      return { id, kind, track: { id }, close: () => closed.push(id) } as unknown as types.Consumer;
    },
  };
  const request = async (method: RequestMethod, data: Record<string, unknown>) => {
    sent.push([method, data]);
    return {};
  };
  const make = () =>
    new Consumers({
      transport,
      request: request as unknown as SendRequest,
      views,
      failures,
      pixelRatio: () => 1,
      onChange,
      onBroken,
    });
  return { make, sent, views, closed, onChange, onBroken, failures };
}

test('consumes a batch with one change', async () => {
  const { make, onChange } = setUp();
  const consumers = make();
  const accepted = await consumers.accept([offer('a'), offer('b', { producerPaused: true })]);
  expect(accepted).toEqual({ accepted: ['consumer-a', 'consumer-b'] });
  expect(consumers.media().map(({ peerId, state }) => [peerId, state])).toEqual([
    ['a', 'live'],
    ['b', 'paused'],
  ]);
  expect(onChange).toHaveBeenCalledOnce();
});

test('applies a close or pause that arrives while a consumer is pending', async () => {
  const { make, closed } = setUp();
  const consumers = make();
  const accepting = consumers.accept([offer('a'), offer('b')]);
  consumers.close('consumer-a');
  consumers.setState('consumer-b', 'paused');
  await accepting;
  expect(closed).toEqual(['consumer-a']);
  expect(consumers.media()).toMatchObject([{ peerId: 'b', state: 'paused' }]);
});

test('finds an unsupported producer within two media sessions, and receives the others', async () => {
  const { make, onBroken, failures } = setUp(new Set(['producer-bad']));
  const offers = [offer('a'), offer('bad'), offer('c')];
  expect(await make().accept(offers)).toEqual({ accepted: [] });
  expect(onBroken).toHaveBeenCalledTimes(1);
  expect(await make().accept(offers)).toEqual({ accepted: ['consumer-a'] });
  expect(onBroken).toHaveBeenCalledTimes(2);
  const reason = 'Error: setRemoteDescription failed';
  expect(failures.unsupported).toEqual(new Map([['producer-bad', reason]]));
  expect(await make().accept(offers)).toEqual({
    accepted: ['consumer-a', 'consumer-c'],
    failed: [{ consumerId: 'consumer-bad', reason }],
  });
  expect(onBroken).toHaveBeenCalledTimes(2);
});

test('blames no producer for what fails because the media session was stopped', async () => {
  const { make, onBroken, failures } = setUp(new Set(['producer-a']));
  for (const offers of [[offer('a')], [offer('a'), offer('b')]]) {
    const consumers = make();
    const accepting = consumers.accept(offers);
    consumers.stop();
    expect(await accepting).toEqual({ accepted: [] });
  }
  expect(failures).toEqual({ unsupported: new Map(), suspected: new Set() });
  expect(onBroken).not.toHaveBeenCalled();
});

test('gives the reason of a failure in one line that the protocol accepts', async () => {
  const { make, failures } = setUp(new Set(['producer-bad']), `SDP:\r\nm=\u202e${'x'.repeat(300)}`);
  await make().accept([offer('bad')]);
  const reason = failures.unsupported.get('producer-bad');
  expect(reason).toMatch(/^Error: SDP: m= x+$/);
  expect(lineSchema(200).parse(reason)).toBe(reason);
});

test('requests the layer that the tile needs, and pauses a hidden tile', async () => {
  const { make, views, sent } = setUp();
  const consumers = make();
  views.set(tileKey('a', 'camera'), { width: 1280, height: 720, visible: true });
  await consumers.accept([offer('a')]);
  vi.advanceTimersByTime(300);
  for (const width of [1000, 700, 240]) {
    views.set(tileKey('a', 'camera'), { width, height: (width * 9) / 16, visible: true });
    consumers.viewsChanged();
  }
  vi.advanceTimersByTime(300);
  views.set(tileKey('a', 'camera'), { width: 240, height: 135, visible: false });
  consumers.viewsChanged();
  vi.advanceTimersByTime(300);
  const consumerId = 'consumer-a';
  expect(sent).toEqual([
    ['setConsumerPreferredLayers', { consumerId, spatialLayer: 2 }],
    ['setConsumerPreferredLayers', { consumerId, spatialLayer: 0 }],
    ['pauseConsumer', { consumerId }],
  ]);
});

test('requests nothing for audio and for consumers with a single layer', async () => {
  const { make, views, sent } = setUp();
  const consumers = make();
  views.set(tileKey('a', 'screen'), { width: 100, height: 100, visible: true });
  await consumers.accept([
    offer('a', { source: 'screen', type: 'simple' }),
    offer('b', { source: 'microphone', kind: 'audio', type: 'simple' }),
  ]);
  vi.advanceTimersByTime(300);
  expect(sent).toEqual([]);
});
