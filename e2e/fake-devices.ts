/** Microphones and cameras that a test plugs in and unplugs, in a page that can't tell the difference. */
import type { Page } from 'playwright-core';

export const slowMethods = [
  'getUserMedia',
  'enumerateDevices',
  'replaceTrack',
  'setParameters',
  'createOffer',
  'setLocalDescription',
  'setRemoteDescription',
] as const;

type SlowMethod = (typeof slowMethods)[number];

interface FakeDevices {
  /** The asynchronous method whose answers come late. One at a time, because the order of answers matters. */
  slow: SlowMethod | undefined;
  /** Whether every request for a device is denied. */
  denied: boolean;
  plugIn(label: string): void;
  unplug(label: string): void;
  /** All devices that are open. */
  unplugAll(): void;
  /** By the system, as a switch on the device or a phone call does. */
  setMuted(label: string, muted: boolean): void;
  /** Answers that are still delayed. */
  pending: number;
  /** When the last one came (performance.now()). */
  lastAnswer: number;
}

declare global {
  interface Window {
    fakeDevices: FakeDevices;
    /** By SSRC, the audio packets received so far. */
    audioPackets: Map<number, number>;
  }
}

/** Runs in the page, before its own scripts. The first device of a kind is the system's default. */
function installDevices(plugged: [MediaDeviceKind, string][]): void {
  const { mediaDevices } = navigator;
  const tracks: MediaStreamTrack[] = [];
  const end = (track: MediaStreamTrack) => {
    track.stop();
    track.dispatchEvent(new Event('ended'));
  };
  const changed = () => mediaDevices.dispatchEvent(new Event('devicechange'));
  const fake: FakeDevices = {
    slow: undefined,
    denied: false,
    pending: 0,
    lastAnswer: 0,
    plugIn(label) {
      plugged.push([label.startsWith('camera') ? 'videoinput' : 'audioinput', label]);
      changed();
    },
    unplug(label) {
      plugged = plugged.filter(([, other]) => other !== label);
      for (const track of tracks.filter(
        (one) => one.label === label && one.readyState === 'live',
      )) {
        end(track);
      }
      changed();
    },
    unplugAll() {
      for (const track of tracks.filter((one) => one.readyState === 'live')) {
        end(track);
      }
    },
    setMuted(label, muted) {
      for (const track of tracks.filter(
        (one) => one.label === label && one.readyState === 'live',
      )) {
        Object.defineProperty(track, 'muted', { value: muted, configurable: true });
        track.dispatchEvent(new Event(muted ? 'mute' : 'unmute'));
      }
    },
  };
  window.fakeDevices = fake;

  /** Delays what an asynchronous method of the browser resolves with. */
  const slow = <T extends object>(target: T, name: keyof T & SlowMethod) => {
    const original = target[name] as (...args: unknown[]) => Promise<unknown>;
    Object.defineProperty(target, name, {
      configurable: true,
      async value(this: unknown, ...args: unknown[]) {
        fake.pending += 1;
        try {
          return await original.apply(this, args);
        } finally {
          await new Promise((resolve) => setTimeout(resolve, fake.slow === name ? 400 : 0));
          fake.pending -= 1;
          fake.lastAnswer = performance.now();
        }
      },
    });
  };

  const open = mediaDevices.getUserMedia.bind(mediaDevices);
  const openOne = async (
    kind: MediaDeviceKind,
    constraints: MediaTrackConstraints,
  ): Promise<MediaStreamTrack> => {
    const labels = plugged.filter(([other]) => other === kind).map(([, label]) => label);
    const { ideal } = (constraints.deviceId ?? {}) as { ideal?: string };
    const label = labels.find((one) => one === ideal) ?? labels[0];
    if (label === undefined) {
      throw new DOMException('', 'NotFoundError');
    }
    const small = { width: 320, height: 180, frameRate: 10 };
    const stream = await open(kind === 'audioinput' ? { audio: true } : { video: small });
    const [track] = stream.getTracks();
    if (!track) {
      throw new Error('nothing was opened');
    }
    const settings = track.getSettings.bind(track);
    Object.defineProperty(track, 'label', { value: label });
    track.getSettings = () => ({ ...settings(), deviceId: label, groupId: label });
    tracks.push(track);
    return track;
  };
  mediaDevices.getUserMedia = async ({ audio, video } = {}) => {
    if (fake.denied) {
      throw new DOMException('', 'NotAllowedError');
    }
    return new MediaStream([
      ...(typeof audio === 'object' ? [await openOne('audioinput', audio)] : []),
      ...(typeof video === 'object' ? [await openOne('videoinput', video)] : []),
    ]);
  };
  mediaDevices.enumerateDevices = async () =>
    plugged.map(([kind, label]) => ({
      kind,
      label,
      deviceId: label,
      groupId: label,
    })) as unknown as MediaDeviceInfo[];
  slow(mediaDevices, 'getUserMedia');
  slow(mediaDevices, 'enumerateDevices');
  slow(RTCRtpSender.prototype, 'replaceTrack');
  slow(RTCRtpSender.prototype, 'setParameters');
  slow(RTCPeerConnection.prototype, 'createOffer');
  slow(RTCPeerConnection.prototype, 'setLocalDescription');
  slow(RTCPeerConnection.prototype, 'setRemoteDescription');
}

/** To be called before the page is opened. */
export async function useFakeDevices(
  page: Page,
  plugged: [MediaDeviceKind, string][],
): Promise<void> {
  await page.addInitScript(installDevices, plugged);
}

/** Runs in the page, before its own scripts. Remembers the streams that have closed since. */
function watchAudio(): void {
  window.audioPackets = new Map();
  const poll = async () => {
    for (const pc of window.peerConnections) {
      for (const stat of (await pc.getStats()).values()) {
        if (stat.type === 'inbound-rtp' && stat.kind === 'audio') {
          window.audioPackets.set(stat.ssrc, stat.packetsReceived);
        }
      }
    }
    setTimeout(poll, 20);
  };
  void poll();
}

/** Prepares a page for `audioPackets`. To be called before it is opened. */
export async function countAudioPackets(page: Page): Promise<void> {
  await page.addInitScript(watchAudio);
}

/** The audio packets that a page has received over all its streams, closed ones too. */
export async function audioPackets(page: Page): Promise<number> {
  return await page.evaluate(() =>
    [...window.audioPackets.values()].reduce((sum, n) => sum + n, 0),
  );
}

/** Whether no answer of the browser has been delayed for a moment, so that the page has done what it was to do. */
export async function isQuiet(page: Page): Promise<boolean> {
  return await page.evaluate(() => {
    const { pending, lastAnswer } = window.fakeDevices;
    return pending === 0 && performance.now() - lastAnswer > 300;
  });
}
