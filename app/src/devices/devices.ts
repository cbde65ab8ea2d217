/** Cameras, microphones, speakers and screens, by W3C Media Capture and Streams and Screen Capture. */

/** Why a device can't be used. */
export type DeviceProblem =
  /** The user or the browser's settings denied permission. */
  | 'denied'
  /** There is no such device. */
  | 'missing'
  /** Another program uses it. */
  | 'in-use'
  /** It was unplugged, or the system took it away. */
  | 'unplugged'
  /** The page came by plain HTTP from another machine (W3C Secure Contexts). */
  | 'insecure'
  /** The browser has no such API. */
  | 'unsupported'
  | 'failed';

export class DeviceError extends Error {
  readonly problem: DeviceProblem;

  constructor(problem: DeviceProblem, cause?: unknown) {
    super(`device: ${problem}`, { cause });
    this.problem = problem;
  }
}

export interface DeviceChoice {
  deviceId: string;
  /** The same for the parts of one device, and for `default` and the device that it stands for; '' if unknown. */
  groupId: string;
  label: string;
}

export interface DeviceList {
  microphones: readonly DeviceChoice[];
  cameras: readonly DeviceChoice[];
  /** Empty where pages can't choose a speaker (no `setSinkId`). */
  speakers: readonly DeviceChoice[];
}

export const noDevices: DeviceList = { microphones: [], cameras: [], speakers: [] };

/** Which devices to open; '' is the system's default. */
export interface CaptureRequest {
  microphoneId?: string | undefined;
  cameraId?: string | undefined;
}

const problemOfError: Record<string, DeviceProblem> = {
  NotAllowedError: 'denied',
  SecurityError: 'denied',
  NotFoundError: 'missing',
  OverconstrainedError: 'missing',
  NotReadableError: 'in-use',
  AbortError: 'in-use',
};

/** @param error - the rejection of getUserMedia or getDisplayMedia */
export function problemOf(error: unknown): DeviceProblem {
  if (error instanceof DeviceError) {
    return error.problem;
  }
  const name = error instanceof Error ? error.name : '';
  return problemOfError[name] ?? 'failed';
}

function mediaDevices(): MediaDevices {
  // Contrary to the DOM's types, this is undefined outside of secure contexts.
  const devices: MediaDevices | undefined = navigator.mediaDevices;
  if (devices) {
    return devices;
  }
  throw new DeviceError(window.isSecureContext ? 'unsupported' : 'insecure');
}

// `ideal`: where a remembered device is gone, the browser opens another one instead of failing.
const deviceConstraint = (deviceId: string) =>
  deviceId === '' ? {} : { deviceId: { ideal: deviceId } };

const microphoneConstraints = (deviceId: string): MediaTrackConstraints => ({
  ...deviceConstraint(deviceId),
  echoCancellation: true,
  noiseSuppression: true,
  autoGainControl: true,
});

const cameraConstraints = (deviceId: string): MediaTrackConstraints => ({
  ...deviceConstraint(deviceId),
  width: { ideal: 1280 },
  height: { ideal: 720 },
  frameRate: { ideal: 30, max: 30 },
});

/**
 * Opens a microphone, a camera, or both with a single permission prompt.
 *
 * @throws DeviceError if one of them can't be opened
 */
export async function openDevices(request: CaptureRequest): Promise<MediaStreamTrack[]> {
  try {
    const stream = await mediaDevices().getUserMedia({
      audio: request.microphoneId !== undefined && microphoneConstraints(request.microphoneId),
      video: request.cameraId !== undefined && cameraConstraints(request.cameraId),
    });
    return stream.getTracks();
  } catch (error) {
    throw new DeviceError(problemOf(error), error);
  }
}

/** Whether this browser can share a screen. Browsers on phones can't. */
export function canShareScreen(): boolean {
  return typeof navigator.mediaDevices?.getDisplayMedia === 'function';
}

/** W3C Screen Capture. The DOM's types don't have all of it yet; browsers ignore what they don't know. */
interface ScreenOptions extends Omit<DisplayMediaStreamOptions, 'audio'> {
  audio: MediaTrackConstraints & {
    restrictOwnAudio: boolean;
    suppressLocalAudioPlayback: boolean;
  };
  selfBrowserSurface: 'exclude' | 'include';
  surfaceSwitching: 'exclude' | 'include';
  systemAudio: 'exclude' | 'include';
}

/** Shared sound must not contain the call itself, or the others would hear themselves. */
function screenOptions(): ScreenOptions {
  const supported: MediaTrackSupportedConstraints & { restrictOwnAudio?: boolean } =
    mediaDevices().getSupportedConstraints();
  return {
    video: { frameRate: { ideal: 15, max: 30 } },
    audio: {
      restrictOwnAudio: true,
      // The user still hears a shared tab. Echo cancellation removes it from the microphone.
      suppressLocalAudioPlayback: false,
    },
    // A shared call shows itself, in itself.
    selfBrowserSurface: 'exclude',
    surfaceSwitching: 'include',
    // The system's sound has the voices of the others in it, unless the browser can leave out this page's own.
    systemAudio: supported.restrictOwnAudio ? 'include' : 'exclude',
  };
}

/**
 * Lets the user pick a screen, window or tab.
 *
 * @returns a video track, and an audio track if the browser captures sound
 * @throws DeviceError; 'denied' also when the user closed the picker
 */
export async function openScreen(): Promise<MediaStreamTrack[]> {
  try {
    const stream = await mediaDevices().getDisplayMedia(screenOptions());
    const tracks = stream.getTracks();
    // W3C mst-content-hint: sharp text matters more than smooth motion.
    for (const track of tracks) {
      if (track.kind === 'video') {
        track.contentHint = 'detail';
      }
    }
    return tracks;
  } catch (error) {
    throw new DeviceError(problemOf(error), error);
  }
}

function choices(all: readonly MediaDeviceInfo[], kind: MediaDeviceKind, name: string) {
  return all
    .filter((device) => device.kind === kind && device.deviceId !== '')
    .map((device, index) => ({
      deviceId: device.deviceId,
      groupId: device.groupId,
      label: device.label || `${name} ${index + 1}`,
    }));
}

/** Browsers reveal names and ids only after a device was permitted. */
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
    // Opening a device reports the reason.
    return noDevices;
  }
}

/**
 * @param listener - called when a device is plugged in or unplugged
 * @returns stops watching
 */
export function watchDevices(listener: () => void): () => void {
  const devices: MediaDevices | undefined = navigator.mediaDevices;
  devices?.addEventListener('devicechange', listener);
  return () => devices?.removeEventListener('devicechange', listener);
}

/** Whether the browser would open this kind of device without a prompt. */
export async function isPermitted(kind: 'microphone' | 'camera'): Promise<boolean> {
  try {
    const status = await navigator.permissions.query({ name: kind as PermissionName });
    return status.state === 'granted';
  } catch {
    // Browsers that don't know this permission throw.
    return false;
  }
}
