import { expect, test } from 'vitest';
import type { Capture } from './capture.ts';
import { DeviceError, noDevices } from './devices.ts';
import type { DeviceSwitch } from './local-device.ts';
import { LocalMedia } from './local-media.ts';

/** The part of a MediaStreamTrack that LocalMedia uses. */
class FakeTrack extends EventTarget {
  readonly kind: string;
  readonly label: string;
  enabled = true;
  muted = false;
  readyState: MediaStreamTrackState = 'live';

  constructor(kind: string, label = `the ${kind} device`) {
    super();
    this.kind = kind;
    this.label = label;
  }

  getSettings() {
    return { deviceId: this.label, groupId: `group of ${this.label}` };
  }

  stop() {
    this.readyState = 'ended';
  }

  unplug() {
    this.stop();
    this.dispatchEvent(new Event('ended'));
  }

  /** By the system. */
  setMuted(muted: boolean) {
    this.muted = muted;
    this.dispatchEvent(new Event(muted ? 'mute' : 'unmute'));
  }
}

const asTrack = (fake: FakeTrack) => fake as unknown as MediaStreamTrack;
const track = (kind: string) => asTrack(new FakeTrack(kind));

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
  new LocalMedia({
    microphoneId: '',
    cameraId: '',
    onSwitched: () => undefined,
    capture: fakeCapture(change),
  });

const settle = () => new Promise((resolve) => setTimeout(resolve, 5));

/** Microphones that can be plugged in and unplugged. The first one is the system's default. */
function pluggable(...plugged: string[]) {
  const tracks: FakeTrack[] = [];
  const switches: DeviceSwitch[] = [];
  let changed: () => void = () => undefined;
  let denied = false;
  const local = new LocalMedia({
    microphoneId: '',
    cameraId: '',
    onSwitched: (change) => switches.push(change),
    capture: fakeCapture({
      openDevices: async ({ microphoneId = '' }) => {
        const label = plugged.includes(microphoneId) ? microphoneId : plugged[0];
        if (denied || label === undefined) {
          throw new DeviceError(denied ? 'denied' : 'missing');
        }
        tracks.push(new FakeTrack('audio', label));
        return tracks.slice(-1).map(asTrack);
      },
      listDevices: async () => ({
        ...noDevices,
        microphones: plugged.map((label) => ({
          deviceId: label,
          groupId: `group of ${label}`,
          label,
        })),
      }),
      watchDevices: (listener) => {
        changed = listener;
        return () => undefined;
      },
    }),
  });
  const states: string[] = [];
  local.subscribe(() => {
    const { microphone } = local.state;
    states.push(microphone.state === 'problem' ? microphone.problem : microphone.state);
  });
  return {
    local,
    tracks,
    switches,
    states,
    async plugIn(label: string) {
      plugged.push(label);
      changed();
      await settle();
    },
    /** @param before - what browsers report first differs */
    async unplug(label: string, before: 'ended' | 'devicechange' = 'ended') {
      plugged.splice(plugged.indexOf(label), 1);
      const end = () => tracks.findLast((one) => one.label === label)?.unplug();
      if (before === 'ended') {
        end();
        changed();
      } else {
        changed();
        await settle();
        end();
      }
      await settle();
    },
    deny() {
      denied = true;
    },
  };
}

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

test('reports an unplugged camera when there is no other', async () => {
  const camera = new FakeTrack('video');
  const opened = [[asTrack(camera)]];
  const local = make({
    openDevices: async () => opened.pop() ?? Promise.reject(new DeviceError('missing')),
  });
  await local.setCamera(true);
  camera.unplug();
  await settle();
  expect(local.state.camera).toEqual({ state: 'problem', problem: 'unplugged' });
});

test.each(['ended', 'devicechange'] as const)(
  'uses the default device while the chosen one is unplugged (%s first), and returns to it',
  async (first) => {
    const { local, switches, plugIn, unplug } = pluggable('built-in', 'headset');
    await local.setMicrophone(true);
    await local.chooseDevice('microphone', 'headset');
    await unplug('headset', first);
    expect(local.state.microphone.state).toBe('on');
    expect(local.openDeviceIds.microphone).toBe('built-in');
    await plugIn('headset');
    expect(local.state.microphone.state).toBe('on');
    expect(local.openDeviceIds.microphone).toBe('headset');
    expect(switches).toEqual([
      { kind: 'microphone', reason: 'unplugged', label: 'built-in' },
      { kind: 'microphone', reason: 'returned', label: 'headset' },
    ]);
  },
);

test('returns to the only device when it is plugged in again', async () => {
  const { local, plugIn, unplug } = pluggable('headset');
  await local.setMicrophone(true);
  await unplug('headset');
  expect(local.state.microphone).toEqual({ state: 'problem', problem: 'unplugged' });
  await plugIn('headset');
  expect(local.state.microphone.state).toBe('on');
});

test('a muted microphone is unplugged, replaced, chosen and plugged in again without being enabled', async () => {
  const { local, tracks, states, plugIn, unplug } = pluggable('headset');
  await local.setMicrophone(true);
  await local.setMicrophone(false);
  states.length = 0;
  await unplug('headset');
  await plugIn('built-in');
  await local.chooseDevice('microphone', 'built-in');
  await plugIn('headset');
  await local.chooseDevice('microphone', 'headset');
  await unplug('headset');
  await plugIn('headset');
  expect(local.openDeviceIds.microphone).toBe('headset');
  expect(local.state.wanted.microphone).toBe(false);
  expect(states).not.toContain('on');
  expect(tracks.filter(({ enabled }) => enabled)).toEqual([]);
  await local.setMicrophone(true);
  expect(tracks.at(-1)?.enabled).toBe(true);
});

test('muting while the microphone is being opened mutes it', async () => {
  const open = Promise.withResolvers<MediaStreamTrack[]>();
  const local = make({ openDevices: () => open.promise });
  const opening = local.setMicrophone(true);
  await local.setMicrophone(false);
  const late = track('audio');
  open.resolve([late]);
  await opening;
  expect(local.state.microphone.state).toBe('muted');
  expect(late.enabled).toBe(false);
});

test('a device that ends again and again is not opened again and again', async () => {
  const { local, tracks } = pluggable('broken');
  await local.setMicrophone(true);
  for (let i = 0; i < 5; i++) {
    tracks.at(-1)?.unplug();
    await settle();
  }
  expect(tracks).toHaveLength(2);
  expect(local.state.microphone).toEqual({ state: 'problem', problem: 'unplugged' });
});

test('says that a device is denied as soon as its permission is withdrawn', async () => {
  const { local, states, tracks, deny } = pluggable('headset');
  await local.setMicrophone(true);
  deny();
  states.length = 0;
  tracks.at(-1)?.unplug();
  await settle();
  expect(states).not.toContain('unplugged');
  expect(local.state.microphone).toEqual({ state: 'problem', problem: 'denied' });
});

test('tells when the system mutes a track, and keeps it muted if the user mutes meanwhile', async () => {
  const { local, tracks } = pluggable('headset');
  await local.setMicrophone(true);
  const [headset] = tracks;
  headset?.setMuted(true);
  expect(local.state.microphone).toMatchObject({ state: 'on', interrupted: true });
  await local.setMicrophone(false);
  headset?.setMuted(false);
  expect(local.state.microphone.state).toBe('muted');
  expect(headset?.enabled).toBe(false);
  await local.setMicrophone(true);
  expect(local.state.microphone).toMatchObject({ state: 'on', interrupted: false });
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
