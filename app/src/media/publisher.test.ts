import type { RequestMethod, Source } from '@oneport/protocol';
import { Device, FakeHandler } from 'mediasoup-client';
import * as fake from 'mediasoup-client/fakeParameters';
import { expect, test, vi } from 'vitest';
import { RequestError, type SendRequest } from '../signalling/signalling.ts';
import { Publisher, type Wanted, wantedSources } from './publisher.ts';

/** As much of a MediaStreamTrack as mediasoup-client touches. */
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
const none: Wanted = { state: 'none' };
const nothing: Record<Source, Wanted> = {
  microphone: none,
  camera: none,
  screen: none,
  'screen-audio': none,
};
const wanted = (one: MediaStreamTrack, paused = false): Wanted => ({
  state: 'track',
  track: one,
  paused,
});

/** A real mediasoup-client transport over its own stand-in for the browser. */
async function setUp(answer: (method: RequestMethod) => Promise<object> = async () => ({})) {
  const sent: [RequestMethod, Record<string, unknown>][] = [];
  const refused = vi.fn();
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
    onRefused: refused,
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
    refused,
    settle,
    methods: () => sent.map(([name]) => name),
  };
}

test('what is wanted is produced, under an id of our own, without waiting for the server', async () => {
  const { reconcile, sent } = await setUp(() => new Promise(() => undefined));
  await reconcile({ microphone: wanted(track('audio'), true), camera: wanted(track('video')) });
  expect(sent.map(([method, { source, paused }]) => [method, source, paused])).toEqual([
    ['produce', 'microphone', true],
    ['produce', 'camera', false],
  ]);
  expect(sent[0]?.[1].producerId).not.toBe(sent[1]?.[1].producerId);
});

test('asked twice, produced once; muted, unmuted, closed', async () => {
  const { reconcile, methods } = await setUp();
  const microphone = track('audio');
  await reconcile({ microphone: wanted(microphone) });
  await reconcile({ microphone: wanted(microphone) });
  await reconcile({ microphone: wanted(microphone, true) });
  await reconcile({ microphone: wanted(microphone) });
  await reconcile({});
  expect(methods()).toEqual(['produce', 'pauseProducer', 'resumeProducer', 'closeProducer']);
  expect(microphone.readyState).toBe('live');
});

test('another camera takes the place of the first in the same producer', async () => {
  const { reconcile, methods } = await setUp();
  await reconcile({ camera: wanted(track('video')) });
  await reconcile({ camera: { state: 'undecided' } });
  await reconcile({ camera: wanted(track('video')) });
  expect(methods()).toEqual(['produce']);
});

test('what is no longer wanted when it is ready is closed', async () => {
  const { publisher, settle, methods } = await setUp();
  publisher.reconcile({ ...nothing, camera: wanted(track('video')) });
  publisher.reconcile(nothing);
  await settle();
  expect(methods()).toEqual(['produce', 'closeProducer']);
});

test('a refused producer is closed, told, and not tried again with the same track', async () => {
  const { reconcile, refused, methods } = await setUp((method) =>
    Promise.reject(new RequestError(method, 400, 'no such codec')),
  );
  const camera = track('video');
  await reconcile({ camera: wanted(camera) });
  await reconcile({ camera: wanted(camera) });
  expect(refused).toHaveBeenCalledExactlyOnceWith('camera', 'produce: no such codec');
  expect(methods()).toEqual(['produce']);
  await reconcile({ camera: wanted(track('video')) });
  expect(methods()).toEqual(['produce', 'produce']);
});

test('a transport that closes meanwhile is no refusal either', async () => {
  const { publisher, refused, settle, transport } = await setUp();
  publisher.reconcile({
    ...nothing,
    microphone: wanted(track('audio')),
    camera: wanted(track('video')),
  });
  publisher.end();
  transport.close();
  await settle();
  expect(refused).not.toHaveBeenCalled();
});

test('a lost connection is not a refusal', async () => {
  const { reconcile, refused } = await setUp((method) =>
    Promise.reject(new RequestError(method, undefined, 'peer closed')),
  );
  await reconcile({ camera: wanted(track('video')) });
  expect(refused).not.toHaveBeenCalled();
});

test('my devices say what is wanted', () => {
  const one = track('audio');
  expect(
    wantedSources({
      microphone: { state: 'muted', track: one },
      camera: { state: 'opening' },
      screen: { state: 'on', track: one, audio: undefined },
      devices: { microphones: [], cameras: [], speakers: [] },
    }),
  ).toEqual({
    microphone: wanted(one, true),
    camera: { state: 'undecided' },
    screen: wanted(one),
    'screen-audio': none,
  });
});
