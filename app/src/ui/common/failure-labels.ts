/** What people read when they aren't let in, by the server's reason. */
import { type Refusal, refusals } from '@oneport/protocol';

interface Advice {
  readonly title: string;
  readonly text: string;
}

const askAnew = 'Ask whoever invited you for a new link.';

const advice: Record<Refusal, Advice> = {
  [refusals.tokenMissing]: {
    title: 'This room is by invitation',
    text: 'Open it by the link that you were sent. The address of this page alone is not enough.',
  },
  [refusals.tokenExpired]: { title: 'Your invitation has expired', text: askAnew },
  [refusals.tokenTooEarly]: {
    title: 'You are too early',
    text: 'Your invitation is not valid yet. Try again when the call is about to begin.',
  },
  [refusals.tokenOtherRoom]: {
    title: 'Your invitation is for another room',
    text: `Check the link that you were sent. ${askAnew}`,
  },
  [refusals.tokenInvalid]: {
    title: 'Your invitation isn’t valid here',
    text: `Perhaps the link was cut off on its way. ${askAnew}`,
  },
  [refusals.idTaken]: {
    title: 'You are here already',
    text: 'This call is open in another tab or window.',
  },
  [refusals.removed]: {
    title: 'You were removed from this call',
    text: 'A moderator has removed you. You can’t come back as long as the call lasts.',
  },
  [refusals.notAdmitted]: {
    title: 'You weren’t let in',
    text: 'A moderator has not let you into this call.',
  },
  [refusals.roomClosed]: {
    title: 'The call has ended',
    text: 'A moderator has closed it for everybody.',
  },
};

/** @returns undefined when the reason isn't one that we know */
export function refusalWords(reason: string): Advice | undefined {
  return Object.hasOwn(advice, reason) ? advice[reason as Refusal] : undefined;
}

/** Whether asking again may have another answer. */
export function mayTryAgain(reason: string): boolean {
  return reason !== refusals.removed;
}

/** Whether this server lets nobody into any room without a token. */
export function asksForToken(reason: string): boolean {
  return reason === refusals.tokenMissing;
}
