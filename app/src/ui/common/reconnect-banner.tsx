import { useEffect, useState } from 'react';
import type { Trouble } from '../../signalling/connector.ts';
import { useSession } from './session-context.ts';
import './banners.css';
import { troubleWords } from './labels.ts';

/** Says that there is no connection, and when the next attempt begins. */
export function TroubleBanner(props: { trouble: Trouble; mediaGoesOn?: boolean }) {
  const { trouble, mediaGoesOn } = props;
  const session = useSession();
  const seconds = useSecondsUntil(trouble.retryAt);
  return (
    <div className="trouble">
      <p role="status">
        <strong>{troubleWords[trouble.cause]}</strong>{' '}
        {mediaGoesOn && 'You still see and hear each other. '}
        {/* Read out once, not at each second. */}
        <span aria-hidden={seconds > 0}>
          {seconds > 0 ? `Trying again in ${seconds} s.` : 'Trying again …'}
        </span>
      </p>
      <button
        type="button"
        className="button"
        disabled={seconds === 0}
        onClick={() => session.retryNow()}
      >
        Try now
      </button>
    </div>
  );
}

/** Says that signalling works and nothing else does. The session tries again by itself. */
export function MediaLostBanner() {
  return (
    <div className="trouble">
      <p role="status">
        <strong>{troubleWords['media-lost']}</strong> Still trying. Your network may block them, or
        the server may offer an address that can’t be reached from here: the badge shows which.
      </p>
    </div>
  );
}

function useSecondsUntil(time: number | null): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    setNow(Date.now());
    if (time === null) {
      return;
    }
    const timer = setInterval(() => setNow(Date.now()), 250);
    return () => clearInterval(timer);
  }, [time]);
  return time === null ? 0 : Math.max(0, Math.ceil((time - now) / 1000));
}
