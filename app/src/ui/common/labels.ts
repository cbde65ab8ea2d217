/** What people read, by what has happened. */
import type { PortMode } from '@oneport/protocol';
import type { MediaProblem } from '../../devices/devices.ts';
import type { MediaPath } from '../../network/media-paths.ts';
import type { MediaInfo, Notice } from '../../session/snapshot.ts';
import type { Failure, TroubleCause } from '../../signalling/connector.ts';
import { refusalWords } from './failure-labels.ts';

interface Advice {
  readonly title: string;
  readonly text: string;
}

type DeviceWord = 'microphone' | 'camera';

const lists = new Intl.ListFormat('en', { type: 'conjunction' });

/** Why a device can't be used, and what to do. @param devices - those with this problem */
export function deviceAdvice(problem: MediaProblem, devices: readonly DeviceWord[]): Advice {
  const which = lists.format(devices);
  const anyWhich = devices.length > 1 ? 'microphone or camera' : which;
  const without = 'You can join without it and turn it on later.';
  switch (problem) {
    case 'denied':
      return {
        title: `The ${which} ${devices.length > 1 ? 'are' : 'is'} blocked`,
        text: `To allow: click the icon to the left of the address, allow the ${which}, and reload the page. You can also join without.`,
      };
    case 'missing':
      return { title: `No ${anyWhich} found`, text: `Plug one in, or join without.` };
    case 'in-use':
      return {
        title: `The ${which} can’t be opened`,
        text: `Another program may be using it. Close that program, then turn the ${which} on again. ${without}`,
      };
    case 'unplugged':
      return {
        title: `The ${which} is gone`,
        text: `It was unplugged or taken away by the system. Plug it in and turn it on again.`,
      };
    case 'insecure':
      return {
        title: 'This page can’t use devices',
        text: 'Browsers give no microphone or camera to plain http pages from another machine. Open this page by https or on localhost: “HTTPS=self-signed npm start” gives you https. You can join to watch and listen.',
      };
    case 'unsupported':
      return {
        title: 'This browser can’t use devices',
        text: 'You can join to watch and listen. To be seen and heard, use a current Chrome, Edge, Firefox or Safari.',
      };
    case 'failed':
      return {
        title: `The ${which} can’t be opened`,
        text: `The browser gave no reason. Plugging it in again, or choosing another one, may help. ${without}`,
      };
  }
}

export const troubleWords: Record<TroubleCause, string> = {
  unreachable: 'The server can’t be reached.',
  restarting: 'The server is restarting.',
  busy: 'The server or this room is full at the moment.',
  'media-lost': 'Sound and picture don’t get through.',
};

const failureAdvice: Record<Failure['kind'], Advice> = {
  gone: { title: 'The call has ended', text: 'The server has closed this room for you.' },
  refused: { title: 'You can’t join this room', text: 'The server did not let you in.' },
  'turned-away': { title: 'You can’t join this room', text: 'A moderator has decided so.' },
  'bad-request': {
    title: 'The server didn’t understand',
    text: 'This page may be older than the server. Reload it and try again.',
  },
  unsupported: {
    title: 'This browser can’t make calls',
    text: 'Use a current Chrome, Edge, Firefox or Safari.',
  },
};

export function failureWords(failure: Failure): Advice {
  const known = refusalWords(failure.reason);
  if (known) {
    return known;
  }
  const { title, text } = failureAdvice[failure.kind];
  return { title, text: failure.reason === '' ? text : `${text} It said: “${failure.reason}”.` };
}

const sourceWords = {
  microphone: 'microphone',
  camera: 'camera',
  screen: 'screen',
  'screen-audio': 'screen’s sound',
} as const;

const mutedWords = {
  microphone: 'A moderator has muted you. Unmute yourself to speak again.',
  camera: 'A moderator has turned your camera off',
  screen: 'A moderator has stopped your screen share',
} as const;

/** How long a time is, roughly. @param seconds - from 0 */
function roughly(seconds: number): string {
  const [count, unit] =
    seconds < 120
      ? [seconds, 'second']
      : seconds < 7200
        ? [Math.round(seconds / 60), 'minute']
        : [Math.round(seconds / 3600), 'hour'];
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}

/** It is read for minutes: then `within` alone would grow stale. */
function clockTime({ inSeconds, at }: { inSeconds: number; at: number }): string {
  if (inSeconds < 120) {
    return '';
  }
  return `, by ${new Date(at).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' })}`;
}

/** What a notice says, and whether it is news, asks for attention, or is bad news. */
export function noticeWords(notice: Notice): { text: string; tone: 'info' | 'warning' | 'error' } {
  switch (notice.type) {
    case 'joined':
      return { text: `${notice.displayName} joined`, tone: 'info' };
    case 'left':
      return { text: `${notice.displayName} left`, tone: 'info' };
    case 'reconnected':
      return { text: 'You are connected again', tone: 'info' };
    case 'server-stopping':
      return {
        text: `This server stops within ${roughly(notice.inSeconds)}${clockTime(notice)}. The call goes on until then, and you will be reconnected automatically.`,
        tone: 'warning',
      };
    case 'chat-failed':
      return { text: `Your message was not sent: ${notice.reason}`, tone: 'error' };
    case 'screen-failed':
      return {
        text: 'The screen can’t be shared. The system may not allow the browser to see it.',
        tone: 'error',
      };
    case 'muted':
      return { text: mutedWords[notice.what], tone: 'info' };
    case 'locked':
      return {
        text: notice.locked
          ? 'The room is locked: who comes now has to be let in'
          : 'The room is open again',
        tone: 'info',
      };
    case 'not-moderated':
      return { text: `That didn’t work: ${notice.reason}`, tone: 'error' };
    case 'not-sent':
      return {
        text: `Your ${sourceWords[notice.source]} can’t be sent: ${notice.reason}`,
        tone: 'error',
      };
  }
}

const portModeWords: Record<PortMode, string> = {
  'multi-port': 'Each transport has a port of its own, out of a range.',
  'single-port': 'Everybody on a worker shares its one port.',
  'shared-port': 'Everybody on this host shares one port, however many workers it has.',
};

/** @param path - a way that media takes */
export function addressWords({ protocol, address, port }: MediaPath): string {
  const host = address.includes(':') ? `[${address}]` : address;
  return `${protocol.toUpperCase()} ${host}:${port}`;
}

/** The badge: `single-port · UDP 44444`. */
export function badgeWords({ portMode, paths }: MediaInfo): { text: string; explanation: string } {
  const inUse = paths.filter(({ state }) => state === 'in-use');
  const ports = new Set(inUse.map(({ protocol, port }) => `${protocol.toUpperCase()} ${port}`));
  return {
    text: `${portMode} · ${ports.size > 0 ? [...ports].join(', ') : 'not connected'}`,
    explanation: portModeWords[portMode],
  };
}

/** The first letters of the first and last word of a name. */
export function initials(displayName: string): string {
  const words = displayName.trim().split(/\s+/);
  const letters = words.length > 1 ? [words[0], words.at(-1)] : [words[0]];
  return letters
    .map((word) => Array.from(word ?? '')[0] ?? '')
    .join('')
    .toUpperCase();
}

/** A hue from 0 to 359, always the same for the same text. */
export function hueOf(text: string): number {
  let hash = 0;
  for (const character of text) {
    hash = (hash * 31 + (character.codePointAt(0) ?? 0)) >>> 0;
  }
  return hash % 360;
}
