import { MessagePage } from '../common/message-page.tsx';
import { useSession } from '../common/session-context.ts';

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
