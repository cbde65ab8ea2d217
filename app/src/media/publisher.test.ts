import type { RequestMethod, Source } from '@oneport/protocol';
import { Device, FakeHandler } from 'mediasoup-client';
import * as fake from 'mediasoup-client/fakeParameters';
import { expect, test, vi } from 'vitest';
import { RequestError, type SendRequest } from '../signalling/signalling.ts';
import { type DesiredTrack, desiredTracks, Publisher } from './publisher.ts';

/** The part of a MediaStreamTrack that mediasoup-client uses. */
class FakeTrack extends EventTarget {
  readonly id = crypto.randomUUID();
  readonly kind: string;
  enabled = true;
  readyState: MediaStreamTrackState = 'live';

  constructor(kind: string) {
    super();
    this.kind = kind;
  }

  getSettings() {
    return {};
  }
}

const track = (kind: string) => new FakeTrack(kind) as unknown as MediaStreamTrack;
const none: DesiredTrack = { state: 'none' };
const nothing: Record<Source, DesiredTrack> = {
  microphone: none,
  camera: none,
  screen: none,
  'screen-audio': none,
};
const send = (one: MediaStreamTrack, paused = false): DesiredTrack => ({
  state: 'track',
  track: one,
  paused,
});

/** A real mediasoup-client transport over mediasoup-client's own fake of the browser. */
async function setUp(answer: (method: RequestMethod) => Promise<object> = async () => ({})) {
  const sent: [RequestMethod, Record<string, unknown>][] = [];
  const failed = vi.fn();
  const device = new Device({ handlerFactory: FakeHandler.createFactory(fake) });
  await device.load({ routerRtpCapabilities: fake.generateRouterRtpCapabilities() });
  const transport = device.createSendTransport(fake.generateTransportRemoteParameters());
  transport.on('connect', (_, callback) => callback());
  const request = (method: RequestMethod, data: Record<string, unknown>) => {
    sent.push([method, data]);
    return answer(method);
  };
  const publisher = new Publisher({
    transport,
    request: request as unknown as SendRequest,
    onPublishFailed: failed,
  });
  const settle = () => new Promise((resolve) => setTimeout(resolve, 20));
  const reconcile = async (change: Partial<typeof nothing>) => {
    publisher.reconcile({ ...nothing, ...change });
    await settle();
  };
  return {
    publisher,
    transport,
    reconcile,
    sent,
    failed,
    settle,
    methods: () => sent.map(([name]) => name),
  };
}

test('produces the desired tracks under client-chosen ids, without waiting for the server', async () => {
  const { reconcile, sent } = await setUp(() => new Promise(() => undefined));
  await reconcile({ microphone: send(track('audio'), true), camera: send(track('video')) });
  expect(sent.map(([method, { source, paused }]) => [method, source, paused])).toEqual([
    ['produce', 'microphone', true],
    ['produce', 'camera', false],
  ]);
  expect(sent[0]?.[1].producerId).not.toBe(sent[1]?.[1].producerId);
});

test('produces a track once, and pauses, resumes and closes it', async () => {
  const { reconcile, methods } = await setUp();
  const microphone = track('audio');
  await reconcile({ microphone: send(microphone) });
  await reconcile({ microphone: send(microphone) });
  await reconcile({ microphone: send(microphone, true) });
  await reconcile({ microphone: send(microphone) });
  await reconcile({});
  expect(methods()).toEqual(['produce', 'pauseProducer', 'resumeProducer', 'closeProducer']);
  expect(microphone.readyState).toBe('live');
});

test('replaces the track in the same producer when another camera is chosen', async () => {
  const { reconcile, methods } = await setUp();
  await reconcile({ camera: send(track('video')) });
  await reconcile({ camera: { state: 'undecided', paused: false } });
  await reconcile({ camera: send(track('video')) });
  expect(methods()).toEqual(['produce']);
});

test('pauses the producer before another track takes its place, and enables no muted track', async () => {
  const { reconcile, methods, transport } = await setUp();
  const producers: { paused: boolean; muted: boolean }[] = [];
  transport.observer.on('newproducer', (producer) => {
    const replaceTrack = producer.replaceTrack.bind(producer);
    producer.replaceTrack = async (options) => {
      producers.push({ paused: producer.paused, muted: options.track?.enabled === false });
      await replaceTrack(options);
    };
  });
  await reconcile({ microphone: send(track('audio')) });
  const muted = track('audio');
  muted.enabled = false;
  await reconcile({ microphone: send(muted, true) });
  expect(producers).toEqual([{ paused: true, muted: true }]);
  expect(methods()).toEqual(['produce', 'pauseProducer']);
  expect(muted.enabled).toBe(false);
});

test('pauses while another device is being opened', async () => {
  const { reconcile, methods } = await setUp();
  await reconcile({ microphone: send(track('audio')) });
  await reconcile({ microphone: { state: 'undecided', paused: true } });
  expect(methods()).toEqual(['produce', 'pauseProducer']);
});

test('produces paused when the user mutes before the producer is ready', async () => {
  const { publisher, settle, sent } = await setUp();
  const microphone = track('audio');
  publisher.reconcile({ ...nothing, microphone: send(microphone) });
  publisher.reconcile({ ...nothing, microphone: send(microphone, true) });
  await settle();
  expect(sent.map(([method, { paused }]) => [method, paused])).toEqual([['produce', true]]);
});

test('closes a producer that is no longer desired when it is ready', async () => {
  const { publisher, settle, methods } = await setUp();
  publisher.reconcile({ ...nothing, camera: send(track('video')) });
  publisher.reconcile(nothing);
  await settle();
  expect(methods()).toEqual(['produce', 'closeProducer']);
});

test('closes and reports a rejected producer, and does not try the same track again', async () => {
  const { reconcile, failed, methods } = await setUp((method) =>
    Promise.reject(new RequestError(method, 400, 'no such codec')),
  );
  const camera = track('video');
  await reconcile({ camera: send(camera) });
  await reconcile({ camera: send(camera) });
  expect(failed).toHaveBeenCalledExactlyOnceWith('camera', 'produce: no such codec');
  expect(methods()).toEqual(['produce']);
  await reconcile({ camera: send(track('video')) });
  expect(methods()).toEqual(['produce', 'produce']);
});

test('reports no failure when the transport closes meanwhile', async () => {
  const { publisher, failed, settle, transport } = await setUp();
  publisher.reconcile({
    ...nothing,
    microphone: send(track('audio')),
    camera: send(track('video')),
  });
  publisher.stop();
  transport.close();
  await settle();
  expect(failed).not.toHaveBeenCalled();
});

test('reports no failure when signalling is lost', async () => {
  const { reconcile, failed } = await setUp((method) =>
    Promise.reject(new RequestError(method, undefined, 'peer closed')),
  );
  await reconcile({ camera: send(track('video')) });
  expect(failed).not.toHaveBeenCalled();
});

test('derives the desired tracks from the local media', () => {
  const one = track('audio');
  expect(
    desiredTracks({
      microphone: { state: 'muted', track: one },
      camera: { state: 'opening' },
      screen: { state: 'on', track: one, audio: undefined },
      wanted: { microphone: false, camera: true },
    }),
  ).toEqual({
    microphone: send(one, true),
    camera: { state: 'undecided', paused: false },
    screen: send(one),
    'screen-audio': none,
  });
});
