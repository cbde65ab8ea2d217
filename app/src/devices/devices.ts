/** Cameras, microphones, speakers and screens, through W3C Media Capture and Screen Capture. */

/** Why there is no picture or sound of mine. */
export type MediaProblem =
  /** The person or the browser's settings said no. */
  | 'denied'
  /** There is no such device. */
  | 'missing'
  /** Another program holds it. */
  | 'in-use'
  /** It was there and is gone: unplugged, or taken away by the system. */
  | 'unplugged'
  /** Browsers give no devices to plain HTTP from another machine (W3C Secure Contexts). */
  | 'insecure'
  /** This browser can't do it at all. */
  | 'unsupported'
  | 'failed';

export class MediaProblemError extends Error {
  readonly problem: MediaProblem;

  constructor(problem: MediaProblem, cause?: unknown) {
    super(`no media: ${problem}`, { cause });
    this.problem = problem;
  }
}

export interface DeviceChoice {
  deviceId: string;
  label: string;
}

export interface DeviceList {
  microphones: readonly DeviceChoice[];
  cameras: readonly DeviceChoice[];
  /** Empty where the browser doesn't let pages choose (no `setSinkId`). */
  speakers: readonly DeviceChoice[];
}

export const noDevices: DeviceList = { microphones: [], cameras: [], speakers: [] };

/** Which device to open; '' is the system's own choice. */
export interface CaptureRequest {
  microphoneId?: string;
  cameraId?: string;
}

const problemOfError: Record<string, MediaProblem> = {
  NotAllowedError: 'denied',
  SecurityError: 'denied',
  NotFoundError: 'missing',
  OverconstrainedError: 'missing',
  NotReadableError: 'in-use',
  AbortError: 'in-use',
};

/** @param error - what getUserMedia or getDisplayMedia rejected with */
export function problemOf(error: unknown): MediaProblem {
  if (error instanceof MediaProblemError) {
    return error.problem;
  }
  const name = error instanceof Error ? error.name : '';
  return problemOfError[name] ?? 'failed';
}

function mediaDevices(): MediaDevices {
  // Missing, against what the DOM's types say, where the page isn't a secure context.
  const devices: MediaDevices | undefined = navigator.mediaDevices;
  if (devices) {
    return devices;
  }
  throw new MediaProblemError(window.isSecureContext ? 'unsupported' : 'insecure');
}

// `ideal`, so that a remembered device that is gone gives another one and no error.
const chosen = (deviceId: string) => (deviceId === '' ? {} : { deviceId: { ideal: deviceId } });

const microphoneConstraints = (deviceId: string): MediaTrackConstraints => ({
  ...chosen(deviceId),
  echoCancellation: true,
  noiseSuppression: true,
  autoGainControl: true,
});

const cameraConstraints = (deviceId: string): MediaTrackConstraints => ({
  ...chosen(deviceId),
  width: { ideal: 1280 },
  height: { ideal: 720 },
  frameRate: { ideal: 30, max: 30 },
});

/**
 * Opens a microphone, a camera, or both with one question to the person.
 *
 * @throws MediaProblemError if not all that was asked for can be had
 */
export async function openDevices(want: CaptureRequest): Promise<MediaStreamTrack[]> {
  try {
    const stream = await mediaDevices().getUserMedia({
      audio: want.microphoneId !== undefined && microphoneConstraints(want.microphoneId),
      video: want.cameraId !== undefined && cameraConstraints(want.cameraId),
    });
    return stream.getTracks();
  } catch (error) {
    throw new MediaProblemError(problemOf(error), error);
  }
}

/** Whether this browser can share a screen. Those of phones can't. */
export function canShareScreen(): boolean {
  return typeof navigator.mediaDevices?.getDisplayMedia === 'function';
}

/**
 * Lets the person pick a screen, window or tab: its picture, and its sound if the browser gives one.
 *
 * @throws MediaProblemError ('denied' also when the person has closed the picker)
 */
export async function openScreen(): Promise<MediaStreamTrack[]> {
  try {
    const stream = await mediaDevices().getDisplayMedia({
      video: { frameRate: { ideal: 15, max: 30 } },
      audio: true,
    });
    const tracks = stream.getTracks();
    // W3C mst-content-hint: sharp text matters more than smooth movement.
    for (const track of tracks) {
      if (track.kind === 'video') {
        track.contentHint = 'detail';
      }
    }
    return tracks;
  } catch (error) {
    throw new MediaProblemError(problemOf(error), error);
  }
}

function choices(all: readonly MediaDeviceInfo[], kind: MediaDeviceKind, word: string) {
  return all
    .filter((device) => device.kind === kind && device.deviceId !== '')
    .map((device, index) => ({
      deviceId: device.deviceId,
      label: device.label || `${word} ${index + 1}`,
    }));
}

/** Names and ids are only given once a device has been allowed. */
export async function listDevices(): Promise<DeviceList> {
  try {
    const all = await mediaDevices().enumerateDevices();
    return {
      microphones: choices(all, 'audioinput', 'Microphone'),
      cameras: choices(all, 'videoinput', 'Camera'),
      speakers:
        'setSinkId' in HTMLMediaElement.prototype ? choices(all, 'audiooutput', 'Speaker') : [],
    };
  } catch {
    // Without devices there is nothing to choose from; opening one says why.
    return noDevices;
  }
}

/**
 * @param listener - called when a device is plugged in or out
 * @returns stops the calls
 */
export function watchDevices(listener: () => void): () => void {
  const devices: MediaDevices | undefined = navigator.mediaDevices;
  devices?.addEventListener('devicechange', listener);
  return () => devices?.removeEventListener('devicechange', listener);
}

/** Whether the browser would open this kind of device without asking. */
export async function isAllowed(kind: 'microphone' | 'camera'): Promise<boolean> {
  try {
    const status = await navigator.permissions.query({ name: kind as PermissionName });
    return status.state === 'granted';
  } catch {
    // Browsers that don't know the name of this permission throw.
    return false;
  }
}
