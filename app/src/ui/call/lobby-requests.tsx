import type { WaitingPeer } from '@oneport/protocol';
import { type MouseEvent, useRef } from 'react';
import { KnockIcon } from '../common/icons.tsx';
import './lobby-requests.css';
import { useSession } from '../common/session-context.ts';

/** For moderators: the peers that wait in the lobby. A long list scrolls, so that it doesn't cover the call. */
export function LobbyRequests({ lobby }: { lobby: readonly WaitingPeer[] }) {
  const { moderation } = useSession();
  const ref = useRef<HTMLElement>(null);
  const answer = (event: MouseEvent, send: () => Promise<void>) => {
    // The next request moves under the pointer, so a double click would also answer that one.
    if (event.detail > 1) {
      return;
    }
    // The button disappears, and would take the focus with it.
    ref.current?.focus();
    void send();
  };
  return (
    <section
      ref={ref}
      className="lobby-requests"
      aria-live="polite"
      aria-label="Waiting to be admitted"
      tabIndex={-1}
    >
      {lobby.map(({ peerId, displayName }) => (
        <div key={peerId} className="lobby-request">
          <KnockIcon />
          <p>
            <strong>{displayName}</strong> wants to join
          </p>
          <div className="lobby-answers">
            <button
              type="button"
              className="button"
              aria-label={`Deny ${displayName}`}
              onClick={(event) => answer(event, () => moderation.denyPeer(peerId))}
            >
              Deny
            </button>
            <button
              type="button"
              className="button primary"
              aria-label={`Admit ${displayName}`}
              onClick={(event) => answer(event, () => moderation.admitPeer(peerId))}
            >
              Admit
            </button>
          </div>
        </div>
      ))}
    </section>
  );
}
