/** The texts for calls that failed or were rejected, by the server's reason. */
import { type CloseReason, closeReasons } from '@oneport/protocol';
import type { Failure } from '../../signalling/connector.ts';
import type { Explanation } from './labels.ts';

const askForLink = 'Ask the person who invited you for a new link.';

const outdated: Explanation = {
  title: 'This page is out of date',
  text: 'The server has been updated. Reload the page. If this message comes back, clear the browser’s cache.',
};

const reasonLabels: Record<CloseReason, Explanation> = {
  [closeReasons.tokenMissing]: {
    title: 'This room is by invitation only',
    text: 'Open the link that you were sent. The address of this page alone is not enough.',
  },
  [closeReasons.tokenExpired]: { title: 'Your invitation has expired', text: askForLink },
  [closeReasons.tokenTooEarly]: {
    title: 'You are early',
    text: 'Your invitation is not valid yet. Try again shortly before the call starts.',
  },
  [closeReasons.tokenOtherRoom]: {
    title: 'Your invitation is for another room',
    text: `Check the link that you were sent. ${askForLink}`,
  },
  [closeReasons.tokenExpiresTooLate]: {
    title: 'Your invitation is not valid here',
    text: `It would be valid for longer than this server allows. ${askForLink}`,
  },
  [closeReasons.tokenInvalid]: {
    title: 'Your invitation is not valid here',
    text: `The link may be incomplete. ${askForLink}`,
  },
  [closeReasons.idTaken]: {
    title: 'You are already in this call',
    text: 'It is open in another tab or window.',
  },
  [closeReasons.removed]: {
    title: 'You were removed from this call',
    text: 'A moderator removed you. You can’t rejoin this call.',
  },
  [closeReasons.removedByYourself]: {
    title: 'You left this call here',
    text: 'You removed this device from another one, where your call continues.',
  },
  [closeReasons.notAdmitted]: {
    title: 'You were not admitted',
    text: 'A moderator declined your request to join.',
  },
  [closeReasons.roomClosed]: {
    title: 'The call has ended',
    text: 'A moderator ended it for everyone.',
  },
  [closeReasons.outdated]: outdated,
};

const failureLabels: Record<Failure['kind'], Explanation> = {
  gone: { title: 'The call has ended', text: 'The server closed your connection.' },
  unauthorized: { title: 'You can’t join this room', text: 'The server rejected the connection.' },
  forbidden: { title: 'You can’t join this room', text: 'A moderator declined your request.' },
  'bad-request': {
    title: 'The server didn’t understand this page',
    text: 'The page may be older than the server. Reload it and try again.',
  },
  outdated,
  unsupported: {
    title: 'This browser can’t make calls',
    text: 'Use a current Chrome, Edge, Firefox or Safari.',
  },
};

export function failureLabel({ kind, reason }: Failure): Explanation {
  if (Object.hasOwn(reasonLabels, reason)) {
    return reasonLabels[reason as CloseReason];
  }
  const { title, text } = failureLabels[kind];
  return { title, text: reason === '' ? text : `${text} Reason: “${reason}”.` };
}

/** Whether another attempt may succeed. */
export function mayTryAgain(reason: string): boolean {
  return reason !== closeReasons.removed;
}

/** Whether this server requires a token for every room. */
export function asksForToken(reason: string): boolean {
  return reason === closeReasons.tokenMissing;
}
