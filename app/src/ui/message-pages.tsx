/** The pages that are shown while there is no call to show: before it, after it, or instead of it. */
import type { Snapshot } from '../session/snapshot.ts';
import type { Failure } from '../signalling/connector.ts';
import { asksForToken, failureLabel, mayTryAgain } from './common/failure-labels.ts';
import { MessagePage } from './common/message-page.tsx';
import { NewRoomLink } from './common/room-links.tsx';
import { useSession } from './common/session-context.ts';

/** Shown until a moderator admits or denies the user. */
export function WaitingRoom({ roomId }: { roomId: string }) {
  const session = useSession();
  return (
    <MessagePage
      title="Waiting to be admitted"
      text={`A moderator of ${roomId} needs to admit you. You will join automatically. Until then, the others can’t see or hear you.`}
      busy
    >
      <button type="button" className="button large" onClick={() => session.leave()}>
        Stop waiting
      </button>
    </MessagePage>
  );
}

export function Left({ roomId, byInvitation }: Pick<Snapshot, 'roomId' | 'byInvitation'>) {
  const session = useSession();
  return (
    <MessagePage
      title="You left the call"
      text={`The call in ${roomId} continues as long as others are in it.`}
    >
      <button type="button" className="button primary large" onClick={() => session.join()}>
        Rejoin
      </button>
      {!byInvitation && <NewRoomLink className="button large">Start a new room</NewRoomLink>}
    </MessagePage>
  );
}

export function Failed(props: { failure: Failure; byInvitation: boolean }) {
  const { failure, byInvitation } = props;
  const session = useSession();
  return (
    <MessagePage {...failureLabel(failure)}>
      {failure.kind === 'outdated' ? (
        <button type="button" className="button primary large" onClick={() => location.reload()}>
          Reload
        </button>
      ) : (
        mayTryAgain(failure.reason) && (
          <button type="button" className="button primary large" onClick={() => session.join()}>
            Try again
          </button>
        )
      )}
      {!(byInvitation || asksForToken(failure.reason)) && (
        <NewRoomLink className="button large">Start a new room</NewRoomLink>
      )}
    </MessagePage>
  );
}

export function InvalidRoom() {
  return (
    <MessagePage
      title="This room name is not valid"
      text="A room name has 1 to 64 letters, digits, hyphens or underscores. Check the link that you were sent, or start a new room."
    >
      <NewRoomLink className="button primary large">Start a new room</NewRoomLink>
    </MessagePage>
  );
}
