/** The texts of the call, by what they describe. Those for failures are in failure-labels.ts. */
import type { PortMode, UnsupportedProducer } from '@oneport/protocol';
import type { DeviceProblem } from '../../devices/devices.ts';
import type { DeviceKind, DeviceSwitch } from '../../devices/local-device.ts';
import type { MediaPath } from '../../network/media-paths.ts';
import type { MediaInfo } from '../../network/media-status.ts';
import type { Notice } from '../../session/notices.ts';
import type { ConnectionProblemCause } from '../../signalling/connector.ts';

export interface Explanation {
  /** What happened. */
  readonly title: string;
  /** Why, and what to do. */
  readonly text: string;
}

const lists = new Intl.ListFormat('en', { type: 'conjunction' });

export interface DeviceProblemContext {
  /** Those that have this problem; at least one. */
  readonly devices: readonly DeviceKind[];
  /** In the call already, so that there is nothing to join. */
  readonly inCall: boolean;
}

/** @param problem - `interrupted`: the system delivers nothing at the moment */
export function deviceProblemLabel(
  problem: DeviceProblem | 'interrupted',
  { devices, inCall }: DeviceProblemContext,
): Explanation {
  const names = lists.format(devices);
  const one = devices.length === 1;
  const it = one ? 'it' : 'them';
  const before = (text: string) => (inCall ? '' : ` ${text}`);
  switch (problem) {
    case 'denied':
      return {
        title: `Your ${names} ${one ? 'is' : 'are'} blocked`,
        text: `Click the icon to the left of the address, allow the ${names}, and reload the page.${before(`You can also join without ${it}.`)}`,
      };
    case 'missing':
      return {
        title: `No ${one ? names : 'microphone or camera'} found`,
        text: inCall
          ? `Plug ${one ? 'one' : 'them'} in and turn ${it} on.`
          : `Plug ${one ? 'one' : 'them'} in, or join without.`,
      };
    case 'in-use':
      return {
        title: `Your ${names} can’t be opened`,
        text: `Another program may be using ${it}. Close that program, then turn the ${names} on again.${before(`You can also join without ${it}.`)}`,
      };
    case 'unplugged':
      return {
        title: `Your ${names} ${one ? 'was' : 'were'} disconnected`,
        text: `${one ? 'It was' : 'They were'} unplugged, or the system took ${it} away. When you plug ${it} in again, ${one ? 'it is' : 'they are'} used again.`,
      };
    case 'interrupted':
      return {
        title: `The system has paused your ${names}`,
        text: `A phone call, another app or a switch on the device can be the reason. Until it ends, the others can’t ${devices.map((device) => (device === 'camera' ? 'see' : 'hear')).join(' or ')} you.`,
      };
    case 'insecure':
      return {
        title: 'This page can’t use your microphone and camera',
        text: `Browsers allow them on secure pages only. Open this page by https or on localhost; “HTTPS=self-signed npm start” starts the server with https.${before('You can still join to watch and listen.')}`,
      };
    case 'unsupported':
      return {
        title: 'This browser can’t use your microphone and camera',
        text: `To be seen and heard, use a current Chrome, Edge, Firefox or Safari.${before('You can still join to watch and listen.')}`,
      };
    case 'failed':
      return {
        title: `Your ${names} can’t be opened`,
        text: `The browser gave no reason. Plug ${it} in again, or choose ${one ? 'another one' : 'others'}.${before(`You can also join without ${it}.`)}`,
      };
  }
}

export const connectionProblemLabels: Record<ConnectionProblemCause, string> = {
  unreachable: 'The server can’t be reached.',
  restarting: 'The server is restarting.',
  busy: 'The server or this room is full.',
  'media-lost': 'Audio and video don’t get through.',
};

const sourceNames = {
  microphone: 'microphone',
  camera: 'camera',
  screen: 'screen',
  'screen-audio': 'screen audio',
} as const;

/** @param unsupported - what can't be received of one peer; at least one */
export function unsupportedLabel(unsupported: readonly UnsupportedProducer[]): string {
  const [failed, others] = [true, false].map((wanted) =>
    unsupported.filter(({ failed = false }) => failed === wanted),
  );
  const texts: string[] = [];
  const names = (producers: readonly UnsupportedProducer[]) =>
    lists.format(producers.map(({ source }) => sourceNames[source]));
  if (others?.length) {
    const codecs = new Set(others.map(({ codec }) => codec));
    texts.push(
      `This browser can’t play this person’s ${names(others)}. It doesn’t support ${lists.format(codecs)}.`,
    );
  }
  if (failed?.length) {
    texts.push(
      `This browser failed to start this person’s ${names(failed)}. Reload the page to try again.`,
    );
  }
  return texts.join(' ');
}

const mutedLabels = {
  microphone: 'A moderator muted you. Unmute yourself to speak again.',
  camera: 'A moderator turned your camera off.',
  screen: 'A moderator stopped your screen share.',
} as const;

function deviceSwitchLabel({ kind, reason, label }: DeviceSwitch): string {
  const name = label === '' ? 'Another one' : `“${label}”`;
  return reason === 'unplugged'
    ? `Your ${kind} was disconnected. ${name} is used instead. You can choose another one under Devices.`
    : `Your ${kind} is plugged in again: ${label === '' ? 'it' : name} is used from now on.`;
}

/** @param seconds - from 0 */
function approximateTime(seconds: number): string {
  const [count, unit] =
    seconds < 120
      ? [seconds, 'second']
      : seconds < 7200
        ? [Math.round(seconds / 60), 'minute']
        : [Math.round(seconds / 3600), 'hour'];
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}

/** For a notice that is shown for minutes, because `within` alone goes stale. */
function clockTime({ inSeconds, at }: { inSeconds: number; at: number }): string {
  if (inSeconds < 120) {
    return '';
  }
  return `, by ${new Date(at).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' })}`;
}

export function noticeLabel(notice: Notice): { text: string; tone: 'info' | 'warning' | 'error' } {
  switch (notice.type) {
    case 'joined':
      return { text: `${notice.displayName} joined`, tone: 'info' };
    case 'left':
      return { text: `${notice.displayName} left`, tone: 'info' };
    case 'reconnected':
      return { text: 'You are connected again', tone: 'info' };
    case 'server-stopping':
      return {
        text: `This server stops within ${approximateTime(notice.inSeconds)}${clockTime(notice)}. The call continues until then, and you will be reconnected automatically.`,
        tone: 'warning',
      };
    case 'chat-failed':
      return { text: `Your message was not sent: ${notice.reason}`, tone: 'error' };
    case 'screen-failed':
      return {
        text: 'Your screen can’t be shared. The system may not allow the browser to capture it.',
        tone: 'error',
      };
    case 'not-received':
      return {
        text: `${notice.displayName} can’t receive your ${sourceNames[notice.source]}. Their browser ${notice.failed ? 'failed to start it' : `doesn’t support ${notice.codec}`}.`,
        tone: 'warning',
      };
    case 'device-switched':
      return { text: deviceSwitchLabel(notice), tone: 'warning' };
    case 'muted':
      return { text: mutedLabels[notice.what], tone: 'info' };
    case 'room-locked':
      return {
        text: notice.locked
          ? 'The room is locked. New participants need to be admitted.'
          : 'The room is open again.',
        tone: 'info',
      };
    case 'moderation-failed':
      return { text: `That didn’t work: ${notice.reason}`, tone: 'error' };
    case 'publish-failed':
      return {
        text: `Your ${sourceNames[notice.source]} can’t be sent: ${notice.reason}`,
        tone: 'error',
      };
  }
}

const portModeLabels: Record<PortMode, string> = {
  'multi-port': 'Each transport has its own port from a range.',
  'single-port': 'All transports of a worker share its one port.',
  'shared-port': 'All transports of this host share one port, however many workers it runs.',
};

/** `192.0.2.7:443` or `[2001:db8::7]:443` */
export function formatAddress(address: string, port: number): string {
  return `${address.includes(':') ? `[${address}]` : address}:${port}`;
}

/** `UDP 192.0.2.7:443` */
export function formatPath({ protocol, address, port }: MediaPath): string {
  return `${protocol.toUpperCase()} ${formatAddress(address, port)}`;
}

/** The badge: `single-port · UDP 44444`. */
export function portBadgeLabel({ portMode, paths }: MediaInfo): {
  text: string;
  explanation: string;
} {
  const inUse = paths.filter(({ state }) => state === 'in-use');
  const ports = new Set(inUse.map(({ protocol, port }) => `${protocol.toUpperCase()} ${port}`));
  return {
    text: `${portMode} · ${ports.size > 0 ? [...ports].join(', ') : 'not connected'}`,
    explanation: portModeLabels[portMode],
  };
}
