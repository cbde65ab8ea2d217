import { expect, test } from 'vitest';
import { MediaProblemError, noDevices } from './devices.ts';
import { type Capture, LocalMedia } from './local-media.ts';

/** As much of a MediaStreamTrack as LocalMedia touches. */
class FakeTrack extends EventTarget {
  readonly kind: string;
  enabled = true;
  readyState: MediaStreamTrackState = 'live';

  constructor(kind: string) {
    super();
    this.kind = kind;
  }

  getSettings() {
    return { deviceId: `the ${this.kind} device` };
  }

  stop() {
    this.readyState = 'ended';
  }

  unplug() {
    this.stop();
    this.dispatchEvent(new Event('ended'));
  }
}

const track = (kind: string) => new FakeTrack(kind) as unknown as MediaStreamTrack;

function fakeCapture(change: Partial<Capture> = {}): Capture {
  return {
    openDevices: async ({ microphoneId, cameraId }) => [
      ...(microphoneId === undefined ? [] : [track('audio')]),
      ...(cameraId === undefined ? [] : [track('video')]),
    ],
    openScreen: async () => [track('video'), track('audio')],
    canShareScreen: () => true,
    listDevices: async () => noDevices,
    watchDevices: () => () => undefined,
    isAllowed: async () => false,
    ...change,
  };
}

const make = (change?: Partial<Capture>) =>
  new LocalMedia({ microphoneId: '', cameraId: '', capture: fakeCapture(change) });

test('microphone and camera are asked for together', async () => {
  const asked: unknown[] = [];
  const local = make({
    openDevices: async (want) => {
      asked.push(want);
      return [track('audio'), track('video')];
    },
  });
  await local.open({ microphone: true, camera: true });
  expect(asked).toEqual([{ microphoneId: '', cameraId: '' }]);
  expect(local.state.microphone.state).toBe('on');
  expect(local.state.camera.state).toBe('on');
});

test('a missing camera leaves the microphone', async () => {
  const local = make({
    openDevices: async ({ cameraId }) => {
      if (cameraId !== undefined) {
        throw new MediaProblemError('missing');
      }
      return [track('audio')];
    },
  });
  await local.open({ microphone: true, camera: true });
  expect(local.state.microphone.state).toBe('on');
  expect(local.state.camera).toEqual({ state: 'problem', problem: 'missing' });
});

test('who said no is not asked again', async () => {
  let asked = 0;
  const local = make({
    openDevices: async () => {
      asked += 1;
      throw new MediaProblemError('denied');
    },
  });
  await local.open({ microphone: true, camera: true });
  expect(asked).toBe(1);
  expect(local.state.microphone).toEqual({ state: 'problem', problem: 'denied' });
});

test('mute keeps the track open and silent; camera off stops it', async () => {
  const local = make();
  await local.open({ microphone: true, camera: true });
  const { microphone, camera } = local.state;
  if (microphone.state !== 'on' || camera.state !== 'on') {
    throw new Error('expected both on');
  }
  await local.setMicrophone(false);
  expect(local.state.microphone).toEqual({ state: 'muted', track: microphone.track });
  expect(microphone.track.enabled).toBe(false);
  expect(microphone.track.readyState).toBe('live');
  await local.setCamera(false);
  expect(camera.track.readyState).toBe('ended');
  expect(local.state.camera.state).toBe('off');
});

test('a device that comes after it was switched off again is closed', async () => {
  const late = track('video');
  const open = Promise.withResolvers<MediaStreamTrack[]>();
  const local = make({ openDevices: () => open.promise });
  const opening = local.setCamera(true);
  await local.setCamera(false);
  open.resolve([late]);
  await opening;
  expect(local.state.camera.state).toBe('off');
  expect(late.readyState).toBe('ended');
});

test('an unplugged camera is a problem with a name', async () => {
  const camera = new FakeTrack('video');
  const local = make({ openDevices: async () => [camera as unknown as MediaStreamTrack] });
  await local.setCamera(true);
  camera.unplug();
  expect(local.state.camera).toEqual({ state: 'problem', problem: 'unplugged' });
});

test('a screen that is stopped by the browser is off', async () => {
  const screen = new FakeTrack('video');
  const local = make({ openScreen: async () => [screen as unknown as MediaStreamTrack] });
  await local.shareScreen();
  expect(local.state.screen.state).toBe('on');
  screen.unplug();
  expect(local.state.screen.state).toBe('off');
});

test('a muted microphone stays muted when another is chosen', async () => {
  const asked: unknown[] = [];
  const local = make({
    openDevices: async ({ microphoneId }) => {
      asked.push(microphoneId);
      return [track('audio')];
    },
  });
  await local.open({ microphone: true, camera: false });
  await local.setMicrophone(false);
  await local.chooseDevice('microphone', 'usb');
  expect(local.state.microphone.state).toBe('muted');
  expect(asked).toEqual(['', 'usb']);
  expect(local.openDeviceIds).toEqual({ microphone: 'the audio device', camera: undefined });
});

test('what may not be sent is closed, and not opened again until it may', async () => {
  const local = make();
  await local.open({ microphone: true, camera: true });
  await local.shareScreen();
  const { camera } = local.state;
  local.allow(['microphone']);
  expect(local.state).toMatchObject({
    microphone: { state: 'on' },
    camera: { state: 'forbidden' },
    screen: { state: 'unsupported' },
  });
  expect(camera.state === 'on' && camera.track.readyState).toBe('ended');
  await local.setCamera(true);
  await local.chooseDevice('camera', 'another');
  await local.open({ microphone: false, camera: true });
  await local.shareScreen();
  expect(local.state).toMatchObject({
    camera: { state: 'forbidden' },
    screen: { state: 'unsupported' },
  });

  local.allow(['microphone', 'camera', 'screen']);
  expect(local.state).toMatchObject({ camera: { state: 'off' }, screen: { state: 'off' } });
  await local.setCamera(true);
  expect(local.state.camera.state).toBe('on');
});
