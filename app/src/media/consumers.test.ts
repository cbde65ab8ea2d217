import type { ConsumerOffer, RequestMethod } from '@oneport/protocol';
import type { types } from 'mediasoup-client';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { SendRequest } from '../signalling/signalling.ts';
import { Consuming, tileKey } from './consumers.ts';
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

/** A browser that fails a whole batch if one of it is bad, as setRemoteDescription() does. */
function setUp(bad = new Set<string>()) {
  const sent: [RequestMethod, Record<string, unknown>][] = [];
  const views = new Map<string, TileView>();
  const closed: string[] = [];
  const onChange = vi.fn();
  const onBroken = vi.fn();
  const unreceivable = { culprits: new Set<string>(), suspects: new Set<string>() };
  let batch: string[] = [];
  const transport = {
    async consume({ id, producerId, kind }: types.ConsumerOptions) {
      batch.push(producerId);
      await Promise.resolve();
      const failed = batch.some((one) => bad.has(one));
      await Promise.resolve();
      batch = [];
      if (failed) {
        throw new Error('setRemoteDescription failed');
      }
      return { id, kind, track: { id }, close: () => closed.push(id) } as unknown as types.Consumer;
    },
  };
  const request = async (method: RequestMethod, data: Record<string, unknown>) => {
    sent.push([method, data]);
    return {};
  };
  const make = () =>
    new Consuming({
      transport,
      request: request as unknown as SendRequest,
      views,
      unreceivable,
      pixelRatio: () => 1,
      onChange,
      onBroken,
    });
  return { make, sent, views, closed, onChange, onBroken, unreceivable };
}

test('a batch is taken whole', async () => {
  const { make, onChange } = setUp();
  const consuming = make();
  const accepted = await consuming.accept([offer('a'), offer('b', { producerPaused: true })]);
  expect(accepted).toEqual(['consumer-a', 'consumer-b']);
  expect(consuming.media().map(({ peerId, state }) => [peerId, state])).toEqual([
    ['a', 'live'],
    ['b', 'paused'],
  ]);
  expect(onChange).toHaveBeenCalledOnce();
});

test('what is closed or paused before it is made is so once it is made', async () => {
  const { make, closed } = setUp();
  const consuming = make();
  const accepting = consuming.accept([offer('a'), offer('b')]);
  consuming.closed('consumer-a');
  consuming.setState('consumer-b', 'paused');
  await accepting;
  expect(closed).toEqual(['consumer-a']);
  expect(consuming.media()).toMatchObject([{ peerId: 'b', state: 'paused' }]);
});

test('a bad one is found over two connections, and the others are received without it', async () => {
  const { make, onBroken, unreceivable } = setUp(new Set(['producer-bad']));
  const offers = [offer('a'), offer('bad'), offer('c')];
  expect(await make().accept(offers)).toEqual([]);
  expect(onBroken).toHaveBeenCalledTimes(1);
  expect(await make().accept(offers)).toEqual(['consumer-a']);
  expect(onBroken).toHaveBeenCalledTimes(2);
  expect(unreceivable.culprits).toEqual(new Set(['producer-bad']));
  expect(await make().accept(offers)).toEqual(['consumer-a', 'consumer-c']);
  expect(onBroken).toHaveBeenCalledTimes(2);
});

test('the layer follows the tile, and a hidden tile is paused', async () => {
  const { make, views, sent } = setUp();
  const consuming = make();
  views.set(tileKey('a', 'camera'), { width: 1280, height: 720, visible: true });
  await consuming.accept([offer('a')]);
  vi.advanceTimersByTime(300);
  for (const width of [1000, 700, 240]) {
    views.set(tileKey('a', 'camera'), { width, height: (width * 9) / 16, visible: true });
    consuming.viewsChanged();
  }
  vi.advanceTimersByTime(300);
  views.set(tileKey('a', 'camera'), { width: 240, height: 135, visible: false });
  consuming.viewsChanged();
  vi.advanceTimersByTime(300);
  const consumerId = 'consumer-a';
  expect(sent).toEqual([
    ['setConsumerPreferredLayers', { consumerId, spatialLayer: 2 }],
    ['setConsumerPreferredLayers', { consumerId, spatialLayer: 0 }],
    ['pauseConsumer', { consumerId }],
  ]);
});

test('voices and single layers are left alone', async () => {
  const { make, views, sent } = setUp();
  const consuming = make();
  views.set(tileKey('a', 'screen'), { width: 100, height: 100, visible: true });
  await consuming.accept([
    offer('a', { source: 'screen', type: 'simple' }),
    offer('b', { source: 'microphone', kind: 'audio', type: 'simple' }),
  ]);
  vi.advanceTimersByTime(300);
  expect(sent).toEqual([]);
});
