import { expect, test } from 'vitest';
import { DeviceError, noDevices } from './devices.ts';
import { type Capture, LocalMedia } from './local-media.ts';

/** The part of a MediaStreamTrack that LocalMedia uses. */
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
    isPermitted: async () => false,
    ...change,
  };
}

const make = (change?: Partial<Capture>) =>
  new LocalMedia({ microphoneId: '', cameraId: '', capture: fakeCapture(change) });

test('opens microphone and camera with a single prompt', async () => {
  const requests: unknown[] = [];
  const local = make({
    openDevices: async (request) => {
      requests.push(request);
      return [track('audio'), track('video')];
    },
  });
  await local.open({ microphone: true, camera: true });
  expect(requests).toEqual([{ microphoneId: '', cameraId: '' }]);
  expect(local.state.microphone.state).toBe('on');
  expect(local.state.camera.state).toBe('on');
});

test('opens the microphone when the camera is missing', async () => {
  const local = make({
    openDevices: async ({ cameraId }) => {
      if (cameraId !== undefined) {
        throw new DeviceError('missing');
      }
      return [track('audio')];
    },
  });
  await local.open({ microphone: true, camera: true });
  expect(local.state.microphone.state).toBe('on');
  expect(local.state.camera).toEqual({ state: 'problem', problem: 'missing' });
});

test('does not prompt again after a denial', async () => {
  let prompts = 0;
  const local = make({
    openDevices: async () => {
      prompts += 1;
      throw new DeviceError('denied');
    },
  });
  await local.open({ microphone: true, camera: true });
  expect(prompts).toBe(1);
  expect(local.state.microphone).toEqual({ state: 'problem', problem: 'denied' });
});

test('keeps the track when muted, and stops it when the camera is turned off', async () => {
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

test('closes a device that opens after it was turned off again', async () => {
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

test('reports an unplugged camera', async () => {
  const camera = new FakeTrack('video');
  const local = make({ openDevices: async () => [camera as unknown as MediaStreamTrack] });
  await local.setCamera(true);
  camera.unplug();
  expect(local.state.camera).toEqual({ state: 'problem', problem: 'unplugged' });
});

test('turns the screen off when the browser stops it', async () => {
  const screen = new FakeTrack('video');
  const local = make({ openScreen: async () => [screen as unknown as MediaStreamTrack] });
  await local.shareScreen();
  expect(local.state.screen.state).toBe('on');
  screen.unplug();
  expect(local.state.screen.state).toBe('off');
});

test('stays muted when another microphone is chosen', async () => {
  const requests: unknown[] = [];
  const local = make({
    openDevices: async ({ microphoneId }) => {
      requests.push(microphoneId);
      return [track('audio')];
    },
  });
  await local.open({ microphone: true, camera: false });
  await local.setMicrophone(false);
  await local.chooseDevice('microphone', 'usb');
  expect(local.state.microphone.state).toBe('muted');
  expect(requests).toEqual(['', 'usb']);
  expect(local.openDeviceIds).toEqual({ microphone: 'the audio device', camera: undefined });
});

test('closes what may not be sent, and opens it only once it is allowed again', async () => {
  const local = make();
  await local.open({ microphone: true, camera: true });
  await local.shareScreen();
  const { camera } = local.state;
  local.setAllowed(['microphone']);
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

  local.setAllowed(['microphone', 'camera', 'screen']);
  expect(local.state).toMatchObject({ camera: { state: 'off' }, screen: { state: 'off' } });
  await local.setCamera(true);
  expect(local.state.camera.state).toBe('on');
});
