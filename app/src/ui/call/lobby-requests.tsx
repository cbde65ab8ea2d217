import type { WaitingPeer } from '@oneport/protocol';
import { type MouseEvent, useRef } from 'react';
import { KnockIcon } from '../common/icons.tsx';
import './lobby-requests.css';
import { useSession } from '../common/session-context.ts';

/** For moderators: who waits in the lobby. A crowd can be scrolled, so that it can't cover the call. */
export function LobbyRequests({ lobby }: { lobby: readonly WaitingPeer[] }) {
  const { moderation } = useSession();
  const ref = useRef<HTMLElement>(null);
  const answer = (event: MouseEvent, send: () => Promise<void>) => {
    // The next in line comes to stand under the pointer: a double click is meant for one person.
    if (event.detail > 1) {
      return;
    }
    // The button is about to go, and the focus with it.
    ref.current?.focus();
    void send();
  };
  return (
    <section
      ref={ref}
      className="lobby-requests"
      aria-live="polite"
      aria-label="Waiting to be let in"
      tabIndex={-1}
    >
      {lobby.map(({ peerId, displayName }) => (
        <div key={peerId} className="lobby-request">
          <KnockIcon />
          <p>
            <strong>{displayName}</strong> is waiting to be let in
          </p>
          <div className="lobby-answers">
            <button
              type="button"
              className="button"
              aria-label={`Don’t let ${displayName} in`}
              onClick={(event) => answer(event, () => moderation.deny(peerId))}
            >
              Refuse
            </button>
            <button
              type="button"
              className="button primary"
              aria-label={`Let ${displayName} in`}
              onClick={(event) => answer(event, () => moderation.admit(peerId))}
            >
              Let in
            </button>
          </div>
        </div>
      ))}
    </section>
  );
}
