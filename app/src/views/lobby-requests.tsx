import type { WaitingPeer } from '@oneport/protocol';
import { KnockIcon } from './icons.tsx';
import './lobby-requests.css';
import { useSession } from './session-context.ts';

/** Who waits to be let in; the others are a number, so that a crowd can't cover the call. */
const shown = 3;

/** For moderators: who waits in the lobby. */
export function LobbyRequests({ lobby }: { lobby: readonly WaitingPeer[] }) {
  const { moderation } = useSession();
  const more = lobby.length - shown;
  return (
    <section className="lobby-requests" aria-live="polite" aria-label="Waiting to be let in">
      {lobby.slice(0, shown).map(({ peerId, displayName }) => (
        <div key={peerId} className="lobby-request">
          <KnockIcon />
          <p>
            <strong>{displayName}</strong> is waiting to be let in
          </p>
          <button
            type="button"
            className="button"
            aria-label={`Don’t let ${displayName} in`}
            onClick={() => void moderation.deny(peerId)}
          >
            Refuse
          </button>
          <button
            type="button"
            className="button primary"
            aria-label={`Let ${displayName} in`}
            onClick={() => void moderation.admit(peerId)}
          >
            Let in
          </button>
        </div>
      ))}
      {more > 0 && <p className="lobby-more">and {more} more</p>}
    </section>
  );
}
