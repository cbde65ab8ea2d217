import { useEffect, useRef } from 'react';
import '../common/message-page.css';
import { LogoIcon } from '../common/icons.tsx';
import { useSession } from '../common/session-context.ts';
import './waiting.css';

/** In the lobby: somebody inside has to let me in. */
export function Waiting({ roomId }: { roomId: string }) {
  const session = useSession();
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  return (
    <main className="end waiting">
      <LogoIcon />
      <h1 ref={heading} tabIndex={-1}>
        Waiting to be let in
      </h1>
      <p>
        A moderator of {roomId} has to let you in. Then you join automatically; until then nobody
        sees or hears you.
      </p>
      <div className="waiting-dots" aria-hidden="true">
        <span />
        <span />
        <span />
      </div>
      <div className="end-actions">
        <button type="button" className="button large" onClick={() => session.leave()}>
          Stop waiting
        </button>
      </div>
    </main>
  );
}
