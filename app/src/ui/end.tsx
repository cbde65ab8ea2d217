import { type ReactNode, useEffect, useRef } from 'react';
import type { Snapshot } from '../session/snapshot.ts';
import type { Failure } from '../signalling/connector.ts';
import './common/message-page.css';
import { asksForToken, mayTryAgain } from './common/failure-labels.ts';
import { LogoIcon } from './common/icons.tsx';
import { failureWords } from './common/labels.ts';
import { NewRoomLink } from './common/room-links.tsx';
import { useSession } from './common/session-context.ts';

interface EndProps {
  readonly title: string;
  readonly text: string;
  readonly children: ReactNode;
}

/** A page with a few words and what to do next. */
function End({ title, text, children }: EndProps) {
  const heading = useRef<HTMLHeadingElement>(null);
  // What had the focus is gone with the call; without it a screen reader would say nothing.
  useEffect(() => heading.current?.focus(), []);
  return (
    <main className="end">
      <LogoIcon />
      <h1 ref={heading} tabIndex={-1}>
        {title}
      </h1>
      <p>{text}</p>
      <div className="end-actions">{children}</div>
    </main>
  );
}

export function Left({ roomId, byInvitation }: Pick<Snapshot, 'roomId' | 'byInvitation'>) {
  const session = useSession();
  return (
    <End title="You left" text={`The call in ${roomId} goes on as long as others are there.`}>
      <button type="button" className="button primary large" onClick={() => session.join()}>
        Rejoin
      </button>
      {!byInvitation && <NewRoomLink className="button large">Start a new room</NewRoomLink>}
    </End>
  );
}

export function Failed(props: { failure: Failure; byInvitation: boolean }) {
  const { failure, byInvitation } = props;
  const session = useSession();
  const { title, text } = failureWords(failure);
  return (
    <End title={title} text={text}>
      {mayTryAgain(failure.reason) && (
        <button type="button" className="button primary large" onClick={() => session.join()}>
          Try again
        </button>
      )}
      {!(byInvitation || asksForToken(failure.reason)) && (
        <NewRoomLink className="button large">Start a new room</NewRoomLink>
      )}
    </End>
  );
}

export function InvalidRoom() {
  return (
    <End
      title="There can’t be such a room"
      text="A room’s name has 1 to 64 letters, digits, hyphens or underscores. Check the link that you were sent, or start a new room."
    >
      <NewRoomLink className="button primary large">Start a new room</NewRoomLink>
    </End>
  );
}
