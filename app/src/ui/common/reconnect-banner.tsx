import { useEffect, useState } from 'react';
import type { ConnectionProblem } from '../../signalling/connector.ts';
import './banners.css';
import { connectionProblemLabels } from './labels.ts';
import { useSession } from './session-context.ts';

export interface ReconnectBannerProps {
  readonly problem: ConnectionProblem;
  /** Media still gets through, although signalling doesn't. */
  readonly mediaContinues?: boolean;
}

/** Says that there is no connection, and when the next attempt starts. */
export function ReconnectBanner({ problem, mediaContinues }: ReconnectBannerProps) {
  const session = useSession();
  const seconds = useSecondsUntil(problem.retryAt);
  return (
    <div className="connection-problem">
      <p role="status">
        <strong>{connectionProblemLabels[problem.cause]}</strong>{' '}
        {mediaContinues && 'You can still see and hear each other. '}
        {/* Screen readers would announce every second. */}
        <span aria-hidden={seconds > 0}>
          {seconds > 0 ? `Trying again in ${seconds} s.` : 'Trying again…'}
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

/** Says that signalling works but media doesn't. The session keeps trying by itself. */
export function MediaLostBanner() {
  return (
    <div className="connection-problem">
      <p role="status">
        <strong>{connectionProblemLabels['media-lost']}</strong> Still trying. Your network may
        block them, or the server may announce an address that can’t be reached from here. The badge
        shows which.
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
