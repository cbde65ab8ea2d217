/** The texts of the call, by what they describe. Those for failures are in failure-labels.ts. */
import type { PortMode } from '@oneport/protocol';
import type { DeviceProblem } from '../../devices/devices.ts';
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

type DeviceName = 'microphone' | 'camera';

const lists = new Intl.ListFormat('en', { type: 'conjunction' });

/** @param devices - those that have this problem */
export function deviceProblemLabel(
  problem: DeviceProblem,
  devices: readonly DeviceName[],
): Explanation {
  const names = lists.format(devices);
  const later = 'You can join without it and turn it on later.';
  switch (problem) {
    case 'denied':
      return {
        title: `Your ${names} ${devices.length > 1 ? 'are' : 'is'} blocked`,
        text: `Click the icon to the left of the address, allow the ${names}, and reload the page. You can also join without.`,
      };
    case 'missing':
      return {
        title: `No ${devices.length > 1 ? 'microphone or camera' : names} found`,
        text: 'Plug one in, or join without.',
      };
    case 'in-use':
      return {
        title: `Your ${names} can’t be opened`,
        text: `Another program may be using it. Close that program, then turn the ${names} on again. ${later}`,
      };
    case 'unplugged':
      return {
        title: `Your ${names} ${devices.length > 1 ? 'were' : 'was'} disconnected`,
        text: 'It was unplugged, or the system took it away. Plug it in and turn it on again.',
      };
    case 'insecure':
      return {
        title: 'This page can’t use your microphone and camera',
        text: 'Browsers allow them on secure pages only. Open this page by https or on localhost; “HTTPS=self-signed npm start” starts the server with https. You can still join to watch and listen.',
      };
    case 'unsupported':
      return {
        title: 'This browser can’t use your microphone and camera',
        text: 'You can join to watch and listen. To be seen and heard, use a current Chrome, Edge, Firefox or Safari.',
      };
    case 'failed':
      return {
        title: `Your ${names} can’t be opened`,
        text: `The browser gave no reason. Plug it in again, or choose another one. ${later}`,
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

const mutedLabels = {
  microphone: 'A moderator muted you. Unmute yourself to speak again.',
  camera: 'A moderator turned your camera off.',
  screen: 'A moderator stopped your screen share.',
} as const;

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
